namespace ConntrackOperator.Netfilter.Tests.Flows;

/// <summary>
/// Entries captured on Linux 6.18: the command that made each, what conntrack -L -o extended,id and /proc/net/nf_conntrack
/// said of it, and the bytes of its message after struct nlmsghdr.
/// </summary>
public sealed record GoldenFlow(string Command, string Line, string Proc, byte[] Wire)
{
    public static IReadOnlyList<GoldenFlow> All { get; } = Read();

    public static TheoryData<int> Indexes => [.. Enumerable.Range(0, All.Count)];

    public override string ToString() => Command;

    private static List<GoldenFlow> Read()
    {
        var flows = new List<GoldenFlow>();
        foreach (var block in File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "TestData", "flows.txt"))
            .Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var lines = block.Trim().Split('\n');
            string Value(string key) => lines.First(l => l.StartsWith(key + " ", StringComparison.Ordinal))[(key.Length + 1)..].Trim();
            flows.Add(
                new GoldenFlow(
                    string.Join(' ', lines.Where(l => l[0] == '#')), Value("line"), Value("proc"), Convert.FromHexString(Value("wire"))));
        }

        return flows;
    }
}
