using System.Security.Cryptography;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Reading;
using ConntrackOperator.Netfilter.Survey;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Netfilter.Translation;

namespace ConntrackOperator.Netfilter.Sampling;

/// <summary>
/// Says what fills the table of the calling thread's network namespace, in fixed memory whatever the table's size.
/// Not safe for several threads at once; keep one and use it again.
/// </summary>
public sealed class TableScanner
{
    private readonly FlowTables _tables;
    private readonly FlowSource _source;
    private readonly SysctlDirectory _sysctls;
    private readonly TimeProvider _time;
    private readonly TrafficSurvey? _survey;
    private readonly PortSurvey? _ports;
    private readonly BreakdownBuilder _builder = new(new Random(RandomNumberGenerator.GetInt32(int.MaxValue)));

    /// <summary>Opens nothing yet.</summary>
    /// <param name="source">Where to read.</param>
    /// <param name="procPath">Where procfs is mounted.</param>
    /// <param name="sysctls">Where nf_conntrack_count is; null is the default directory.</param>
    /// <param name="time">The clock; null is the system's.</param>
    /// <param name="survey">Gets the same entries, and some more that it only remembers; null: nobody asks who does what.</param>
    /// <param name="ports">Gets the same entries, but for those; null: nobody asks what is translated.</param>
    public TableScanner(
        FlowSource source = FlowSource.Automatic,
        string procPath = "/proc",
        SysctlDirectory? sysctls = null,
        TimeProvider? time = null,
        TrafficSurvey? survey = null,
        PortSurvey? ports = null)
        : this(FlowTables.Of(procPath), source, sysctls, time, survey, ports)
    {
    }

    internal TableScanner(
        FlowTables tables, FlowSource source, SysctlDirectory? sysctls, TimeProvider? time, TrafficSurvey? survey = null,
        PortSurvey? ports = null)
    {
        _ports = ports;
        _survey = survey;
        _tables = tables;
        _source = source;
        _sysctls = sysctls ?? new SysctlDirectory();
        _time = time ?? TimeProvider.System;
    }

    /// <summary>
    /// Estimates from the first entries of a dump. The kernel dumps its hash table from one end to the other and hashes with
    /// a random key, so the first entries are a uniform random sample, and the cost does not depend on the table's size.
    /// </summary>
    /// <param name="maxEntries">Entries to look at, over 0; 50,000 put every share within a point and take about 0.1 s.</param>
    /// <param name="idle">Tells idle times; made for this reading.</param>
    /// <param name="cancellationToken">Looked at about every hundred entries.</param>
    /// <exception cref="Netlink.NetlinkException">The table can't be read.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public Breakdown Sample(int maxEntries, IdleClock idle, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxEntries);
        return Read(maxEntries, 0, idle, cancellationToken);
    }

    /// <summary>Counts every entry.</summary>
    /// <inheritdoc cref="Sample"/>
    public Breakdown Scan(IdleClock idle, CancellationToken cancellationToken = default) => Read(long.MaxValue, 0, idle, cancellationToken);

    /// <summary>Counts every entry, and tells how far off a sample of so many of them is.</summary>
    /// <param name="idle">Tells idle times; made for this reading.</param>
    /// <param name="sample">Entries in a sample, over 0. A table that has no more says nothing of samples.</param>
    /// <param name="cancellationToken">Looked at about every hundred entries.</param>
    /// <exception cref="Netlink.NetlinkException">The table can't be read.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public Breakdown Scan(IdleClock idle, int sample, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sample);
        return Read(long.MaxValue, sample, idle, cancellationToken);
    }

    private Breakdown Read(long most, long sample, IdleClock idle, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(idle);
        var start = _time.GetTimestamp();
        _builder.Begin(idle);
        _survey?.Begin(idle);
        _ports?.Clear();
        var visitor = new AddingVisitor(_builder, most, sample, _survey, _ports);
        var needs = BreakdownBuilder.Needs | (_survey is null ? FlowFields.None : TrafficSurvey.Needs)
            | (_ports is null ? FlowFields.None : PortSurvey.Needs);
        var read = _tables.Read(_source, FlowFilter.All, needs, ref visitor, cancellationToken);
        var elapsed = _time.GetElapsedTime(start);
        var count = _sysctls.Read(SysctlNames.Count).Value ?? 0;
        if (_survey?.End(count) is { OnlyRemembered: > 0 })
        {
            read = read with { Complete = false };
        }

        _ports?.End(count, read.Complete);
        return _builder.Build(read, count, _time.GetUtcNow(), elapsed);
    }

    private readonly struct AddingVisitor(
        BreakdownBuilder builder, long most, long sample, TrafficSurvey? survey, PortSurvey? ports) : IFlowVisitor
    {
        public bool Visit(scoped in Flow flow)
        {
            // Stops at one more than asked for, so that a table of exactly so many entries is known to be complete.
            if (builder.Entries == most)
            {
                return survey is not null && survey.Remember(flow);
            }

            // A whole table that is no larger is no sample: set apart only when one more comes.
            if (sample > 0 && builder.Entries == sample)
            {
                builder.EndSample();
            }

            builder.Add(flow);
            survey?.Add(flow);
            ports?.Add(flow);
            return true;
        }

        public bool Restart()
        {
            builder.Clear();
            survey?.Restart();
            ports?.Clear();
            return true;
        }
    }
}
