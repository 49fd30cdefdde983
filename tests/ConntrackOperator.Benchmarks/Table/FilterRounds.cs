using System.Globalization;
using ConntrackOperator.Netfilter.Deleting;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Reading;
using ConntrackOperator.Netfilter.Sampling;

namespace ConntrackOperator.Benchmarks.Table;

/// <summary>What the kernel filters by itself, beside the tool with the same condition.</summary>
internal sealed class FilterRounds
{
    internal const string ToolFlush = "conntrack -D -p udp --dport 53";
    internal const string Flushing = "flush of UDP to port 53";
    internal const string ToolAddress = "conntrack -L -s 10.0.1.1 >/dev/null";
    internal const string Address = "flows of one address";

    private readonly BenchmarkNamespace _space;
    private readonly string _file;
    private readonly Figures _figures;
    private readonly FlowMatch _address;

    // Asked once a boot and namespace: the first round has the questions in it.
    private readonly FilterSupport _filters = new();

    internal FilterRounds(BenchmarkNamespace space, string folder, Figures figures)
    {
        (_space, _file, _figures) = (space, $"{folder}/udp", figures);
        _address = new FlowMatch { Source = FlowNetwork.TryParse("10.0.1.1", out var network) ? network : throw new FormatException() };
        Shell.Run("/bin/sh", "-c", _space.Inside($"conntrack -L -p udp --dport 53 -o save >{_file} 2>/dev/null"));
    }

    internal void Flush(Breakdown full)
    {
        var (expected, all) = (full.States.Where(s => s.Protocol == "udp").Sum(s => s.Count), full.States.Sum(s => s.Count));
        var flushed = _figures.Timed(
            _space, Flushing,
            () => new FlowDeleter(filters: _filters).Delete(new FlowMatch { Protocol = 17, DestinationPort = 53 }, dryRun: false));
        var left = _space.Run(() => new FlowCounter().Count(new FlowMatch()));
        Reload();
        _figures.Add(ToolFlush, Shell.Time(_space.Inside("conntrack -D -p udp --dport 53 >/dev/null 2>&1")));
        Reload();
        if (flushed.Deleted != expected || left != all - expected)
        {
            throw new InvalidOperationException($"flushed {flushed.Deleted} of {expected}, and {left} are left of {all}");
        }
    }

    internal void ReadOneAddress()
    {
        var found = _figures.Timed(_space, Address, () =>
        {
            var entries = 0;
            new FlowReader(FlowSource.Ctnetlink).Read(new FlowFilter { Match = _address }, (in Flow _) => ++entries > 0);
            return entries;
        });
        _figures.Add(ToolAddress, Shell.Time(_space.Inside("conntrack -L -s 10.0.1.1 >/dev/null 2>&1")));
        if (found != 1)
        {
            throw new InvalidOperationException(
                string.Create(CultureInfo.InvariantCulture, $"{found} entries have the address, and 1 should"));
        }
    }

    private void Reload() => Shell.Run("/bin/sh", "-c", _space.Inside($"conntrack -R {_file} >/dev/null 2>&1"));
}
