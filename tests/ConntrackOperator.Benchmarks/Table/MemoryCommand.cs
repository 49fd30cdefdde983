using System.Globalization;
using ConntrackOperator.Engine.Observation;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Planning;
using ConntrackOperator.Planning.Sizing;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Benchmarks.Table;

/// <summary>What entries of each kind take of the kernel's memory, beside what is reckoned with.</summary>
internal static class MemoryCommand
{
    private const int Attempts = 5;
    private const double MostPercent = 5;

    internal static int Run(string[] arguments)
    {
        var entries = Arguments.Number(arguments, "--entries", 1_000_000);
        if (EntryMemory.Missing is { } missing)
        {
            Console.Error.WriteLine(missing);
            return 1;
        }

        using var machine = new MachineTable(entries);
        Console.WriteLine(
            $"{"bytes an entry",-28} {"entries",9} {"nf_conntrack",13} {"kmalloc",8} {"together",9} "
            + $"{"estimate",9} {"off by",7} {"status says",12}");
        var all = true;
        foreach (var @case in EntryMemory.Cases)
        {
            all &= Run(@case, entries);
        }

        return all ? 0 : 1;
    }

    private static bool Run(EntryMemoryCase @case, int entries)
    {
        var estimate = @case.Extensions ? TableSizing.BytesPerEntry : TableSizing.BytesPerBareEntry;
        for (var attempt = 1; ; attempt++)
        {
            using var space = new NetworkNamespace();
            EntryMemory.Prepare(space, @case);
            var figures = EntryMemory.Measure(space, entries);
            if (figures.Disturbed && attempt < Attempts)
            {
                continue;
            }

            // Adding 0 makes a negative zero positive.
            var percent = Math.Round(100 * (estimate - figures.BytesAnEntry) / figures.BytesAnEntry, 1) + 0.0;
            var (slots, extensions) = ((double)figures.EntryBytes / figures.Entries, (double)figures.OtherBytes / figures.Entries);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{@case.Name,-28} {figures.Entries,9} {slots,13:F1} {extensions,8:F1} {figures.BytesAnEntry,9:F1} ")
                + string.Create(CultureInfo.InvariantCulture, $"{estimate,9} {percent,6:F1}% {space.Run(Status),12}")
                + (figures.Disturbed ? " disturbed" : ""));
            return Math.Abs(percent) <= MostPercent;
        }
    }

    private static int Status()
    {
        using var observer = new TableObserver(new SysctlDirectory(), "/proc", "/sys", TimeProvider.System);
        return observer.Read().EntryBytes;
    }
}
