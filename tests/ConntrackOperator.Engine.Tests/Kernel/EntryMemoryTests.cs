using System.Globalization;
using ConntrackOperator.Engine.Observation;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Planning;
using ConntrackOperator.Planning.Sizing;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Engine.Tests.Kernel;

/// <summary>What entries really take of the kernel's memory.</summary>
[Collection(KernelCollection.Name)]
public sealed class EntryMemoryTests
{
    private const int Entries = 150_000;
    private const int Attempts = 10;

    public static TheoryData<string> Cases => [.. EntryMemory.Cases.Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task An_entry_takes_what_is_reckoned_with_to_five_percent(string name)
    {
        NetworkNamespace.Require("nft", "ip");
        Assert.SkipUnless(EntryMemory.Missing is null, EntryMemory.Missing ?? "");
        var slot = SlabInfo.ReadSlotBytes();
        Assert.SkipUnless(
            slot == TableSizing.BytesPerBareEntry,
            $"Entries of this kernel take {slot} bytes, as status says; the test is for 256.");
        var @case = EntryMemory.Cases.Single(c => c.Name == name);
        var reckoned = @case.Extensions ? TableSizing.BytesPerEntry : TableSizing.BytesPerBareEntry;
        using var machine = await MachineLock.TakeAsync(TestContext.Current.CancellationToken);
        var sysctls = new SysctlDirectory();
        if (sysctls.Read(SysctlNames.Max).Value is > 0 and < Entries * 2)
        {
            Assert.SkipUnless(sysctls.IsWritable(SysctlNames.Max), "nf_conntrack_max is too low for the test and can't be raised here.");
            sysctls.Write(SysctlNames.Max, Entries * 2);
        }

        // The caches are the whole machine's: what others make and free meanwhile is measured too. One measurement without is enough, and
        // a wrong figure fits none.
        var seen = new List<EntryMemoryFigures>();
        for (var fits = false; !fits;)
        {
            Assert.True(seen.Count < Attempts, $"{reckoned} bytes an entry are reckoned with; measured: {string.Join(", ", seen)}");
            using var space = new NetworkNamespace();
            EntryMemory.Prepare(space, @case);
            seen.Add(EntryMemory.Measure(space, Entries));
            Assert.InRange(seen[^1].Entries, Entries * 0.99, Entries * 1.01);
            fits = !seen[^1].Disturbed && Math.Abs(seen[^1].BytesAnEntry - reckoned) <= reckoned * 0.05;

            // Status never says less than that: what can't be ruled out counts.
            var status = space.Run(Status);
            Assert.True(@case.Extensions ? status == reckoned : status >= reckoned, status.ToString(CultureInfo.InvariantCulture));
        }
    }

    private static int Status()
    {
        using var observer = new TableObserver(new SysctlDirectory(), "/proc", "/sys", TimeProvider.System);
        return observer.Read().EntryBytes;
    }
}
