using ConntrackOperator.Benchmarks.Fleet;
using ConntrackOperator.Benchmarks.Fuzz;
using ConntrackOperator.Benchmarks.Table;

return args switch
{
    ["table", .. var rest] => TableCommand.Run(rest),
    ["rehash", .. var rest] => RehashCommand.Run(rest),
    ["memory", .. var rest] => MemoryCommand.Run(rest),
    ["peak", var what] => PeakMemory.Run(what),
    ["headroom"] => HeadroomCommand.Run(),
    ["fuzz", .. var rest] => FuzzCommand.Run(rest),
    ["fleet", .. var rest] => await FleetCommand.RunAsync(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("""
        usage: dotnet run -c Release --project tests/ConntrackOperator.Benchmarks -- COMMAND

          table [--entries N] [--rounds N]   reading, sampling and deleting of a real table (default a million entries,
                                             five rounds) beside a C program that only receives, and the conntrack tool.
                                             Needs root, conntrack and cc. Raises the machine's table for the time.
          rehash [--entries N]               how long a change of the hash table's size holds the locks. Needs the same.
          memory [--entries N]               what entries with and without NAT, accounting, events take of the kernel's memory,
                                             beside what is reckoned with (default a million each). Needs root, nft, ip.
          headroom                           how many new connections find room in tables that are 95 to 100 % full, by the share
                                             of unassured entries, beside what is said of them. Needs root, conntrack, nft, ip.
          fuzz [--inputs N] [--seed N]       both parsers on mutated input (default ten million), on all cores.
          fleet [--nodes N] [--memory MIB]   the controller in a memory cgroup (default 256 MiB) with so many nodes (default
                                             5,000), simulated agents and a real API server. Needs root, TEST_APISERVER, ETCD.
        """);
    return 2;
}
