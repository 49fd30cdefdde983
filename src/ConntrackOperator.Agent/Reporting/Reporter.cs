using System.Diagnostics;
using ConntrackOperator.Agent.Logging;
using ConntrackOperator.Agent.Options;
using ConntrackOperator.Agent.Telemetry;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Reporting;
using ConntrackOperator.Kubernetes.Client;
using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Agent.Reporting;

/// <summary>
/// Writes the node's status when that is due, and keeps the newest one while the API server is away. The loop offers; a task
/// of its own sends, so that a slow server never delays the kernel.
/// </summary>
internal sealed class Reporter(ApiClient api, AgentOptions options, AgentMetrics metrics, ILogger log, TimeProvider time, Random random)
    : IDisposable
{
    /// <summary>Who owns the status in server-side apply.</summary>
    public const string FieldManager = "conntrack-agent";

    /// <summary>The resource that the agent writes.</summary>
    public static ResourceType Type { get; } =
        ResourceType.ConntrackNode;

    private static readonly TimeSpan _urgentGap = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan _firstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _lastRetry = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _offered = new(0, 1);
    private NodeStatus? _newest;
    private NodeStatus? _sent;
    private string? _uid;
    private long _sentAt = time.GetTimestamp();
    private TimeSpan _heartbeat = Heartbeat(options, random);
    private TimeSpan _backOff;

    /// <summary>The conditions that were told last, or would have been.</summary>
    public IReadOnlyList<Condition>? Conditions
    {
        get
        {
            lock (_lock)
            {
                return _newest?.Conditions ?? _sent?.Conditions;
            }
        }
    }

    /// <summary>Whether a report is to be sent now, or is on its way.</summary>
    internal bool IsDue
    {
        get
        {
            lock (_lock)
            {
                return _newest is not null && _uid is not null && Due(_newest) <= TimeSpan.Zero;
            }
        }
    }

    /// <summary>Takes what the API server holds: at the start, and when the object is a new one.</summary>
    /// <param name="uid">The object's UID.</param>
    /// <param name="stored">Its status.</param>
    public void Adopt(string? uid, NodeStatus? stored)
    {
        lock (_lock)
        {
            _uid = uid ?? string.Empty;
            _sent = stored;
            // Made before the stored one was known, so with the agent's start as the time of every transition.
            _newest = null;
            _backOff = TimeSpan.Zero;
        }
    }

    /// <summary>The object is gone: nothing can be reported until there is one again.</summary>
    public void ObjectGone()
    {
        lock (_lock)
        {
            _uid = null;
            _sent = null;
        }
    }

    /// <summary>The status as of now.</summary>
    public void Offer(NodeStatus status)
    {
        lock (_lock)
        {
            _newest = status;
            // What is due within the shortest gap is waited for there: the next offer may come much later.
            if (_uid is null || Due(status) > _urgentGap)
            {
                return;
            }
        }

        Wake();
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _offered.WaitAsync(cancellationToken);
            TimeSpan wait;
            lock (_lock)
            {
                wait = _backOff > TimeSpan.Zero ? _backOff * (1 + random.NextDouble()) : _newest is { } next ? Due(next) : TimeSpan.Zero;
            }

            if (wait > TimeSpan.Zero && (wait <= _urgentGap || _backOff > TimeSpan.Zero))
            {
                await Task.Delay(wait, time, cancellationToken);
            }

            NodeStatus status;
            string uid;
            lock (_lock)
            {
                if (_newest is null || _uid is null || Due(_newest) > TimeSpan.Zero)
                {
                    continue;
                }

                (status, uid) = (_newest, _uid);
            }

            await SendAsync(status, uid, cancellationToken);
        }
    }

    public void Dispose() => _offered.Dispose();

    private static TimeSpan Heartbeat(AgentOptions options, Random random) =>
        options.HeartbeatMin + ((options.HeartbeatMax - options.HeartbeatMin) * random.NextDouble());

    private void Wake()
    {
        lock (_lock)
        {
            if (_offered.CurrentCount == 0)
            {
                _offered.Release();
            }
        }
    }

    /// <summary>How long this status can still wait; zero or less: no longer.</summary>
    private TimeSpan Due(NodeStatus status)
    {
        var gap = ReportRules.Compare(_sent, status) switch
        {
            ReportUrgency.Now => _sent is null ? TimeSpan.Zero : _urgentGap,
            ReportUrgency.Soon => options.UsageReportGap,
            _ => _heartbeat,
        };
        return gap - time.GetElapsedTime(_sentAt);
    }

    private async Task SendAsync(NodeStatus status, string uid, CancellationToken cancellationToken)
    {
        // The UID makes it a report on this very object: a new one under the name needs a report of its own.
        var metadata = new ObjectMeta { Name = options.NodeName, Uid = uid.Length == 0 ? null : uid };
        var body = ApplyEnvelope.Node(metadata) with { Status = ReportBounds.Apply(status) };
        using var span = AgentMetrics.Spans.StartActivity("report");
        try
        {
            await api.ApplyAsync(
                Type, null, options.NodeName, body, ApiJson.Default.ConntrackNode, FieldManager, force: true, "status", cancellationToken);
            metrics.Reported(written: true, time.GetUtcNow());
            lock (_lock)
            {
                _backOff = TimeSpan.Zero;
                if (_uid == uid)
                {
                    _sent = status;
                    _sentAt = time.GetTimestamp();
                    _heartbeat = Heartbeat(options, random);
                }
            }
        }
        catch (ApiException e)
        {
            span?.SetStatus(ActivityStatusCode.Error, e.Message);
            metrics.Reported(written: false, time.GetUtcNow());
            lock (_lock)
            {
                if (_uid != uid)
                {
                    // Another object, or none, by now: the loop has said so, and offers again.
                    return;
                }

                _backOff = _backOff == TimeSpan.Zero ? _firstRetry : TimeSpan.FromTicks(Math.Min(_lastRetry.Ticks, _backOff.Ticks * 2));
                if (e.RetryAfter is { } wait && wait > _backOff)
                {
                    _backOff = wait;
                }
            }

            // Not found is no exception: an API server that has just started may not serve the kind yet. If the object is
            // gone the watch says so.
            log.ReportRefused(e);
            Wake();
        }
    }
}
