using ConntrackOperator.Agent.Options;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Reporting;
using ConntrackOperator.Kubernetes.Logging;
using ConntrackOperator.Kubernetes.Transport;

namespace ConntrackOperator.Agent.Reporting;

/// <summary>
/// Writes the node's status when that is due, and keeps the newest one while the API server is away. The loop offers; a task
/// of its own sends, so that a slow server never delays the kernel.
/// </summary>
internal sealed class Reporter(ApiClient api, AgentOptions options, JsonLineLog log, TimeProvider time, Random random) : IDisposable
{
    /// <summary>Who owns the status in server-side apply.</summary>
    public const string FieldManager = "conntrack-agent";

    /// <summary>The resource that the agent writes.</summary>
    public static ResourceType Type { get; } =
        new(ApiGroup.Name, ApiGroup.Version, ConntrackNode.PluralName, ConntrackNode.KindName, false);

    private static readonly TimeSpan _urgentGap = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan _firstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _lastRetry = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _offered = new(0, 1);
    private NodeStatus? _newest;
    private NodeStatus? _sent;
    private bool _objectExists;
    private long _sentAt = time.GetTimestamp();
    private TimeSpan _heartbeat = Heartbeat(options, random);
    private TimeSpan _backOff;

    /// <summary>The conditions that the API server was told last.</summary>
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

    /// <summary>Takes what the API server holds: at the start, and when the object is a new one.</summary>
    public void Adopt(NodeStatus? stored)
    {
        lock (_lock)
        {
            _sent = stored;
            _objectExists = true;
        }

        Wake();
    }

    /// <summary>The object is gone: nothing can be reported until there is one again.</summary>
    public void ObjectGone()
    {
        lock (_lock)
        {
            _objectExists = false;
            _sent = null;
        }
    }

    /// <summary>The status as of now.</summary>
    public void Offer(NodeStatus status)
    {
        lock (_lock)
        {
            _newest = status;
            if (!_objectExists || Due(status) > TimeSpan.Zero)
            {
                return;
            }
        }

        Wake();
    }

    public async Task RunAsync(CancellationToken ct)
    {
        while (true)
        {
            await _offered.WaitAsync(ct);
            if (_backOff > TimeSpan.Zero)
            {
                await Task.Delay(_backOff * (1 + random.NextDouble()), time, ct);
            }

            NodeStatus status;
            lock (_lock)
            {
                if (_newest is null || !_objectExists || Due(_newest) > TimeSpan.Zero)
                {
                    continue;
                }

                status = _newest;
            }

            await SendAsync(status, ct);
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

    private async Task SendAsync(NodeStatus status, CancellationToken ct)
    {
        var body = new ConntrackNode
        {
            ApiVersion = ApiGroup.ApiVersion,
            Kind = ConntrackNode.KindName,
            Metadata = new ObjectMeta { Name = options.NodeName },
            Status = status,
        };
        try
        {
            await api.ApplyAsync(Type, null, options.NodeName, body, ApiJson.Default.ConntrackNode, FieldManager, force: true, "status", ct);
            lock (_lock)
            {
                _sent = status;
                _sentAt = time.GetTimestamp();
                _heartbeat = Heartbeat(options, random);
            }

            _backOff = TimeSpan.Zero;
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            // The watch says when there is one again.
            ObjectGone();
        }
        catch (ApiException e)
        {
            _backOff = _backOff == TimeSpan.Zero ? _firstRetry : TimeSpan.FromTicks(Math.Min(_lastRetry.Ticks, _backOff.Ticks * 2));
            if (e.RetryAfter is { } wait && wait > _backOff)
            {
                _backOff = wait;
            }

            log.Warn("the report was not taken; the settings are kept all the same, and the newest report is sent later", e);
            Wake();
        }
    }
}
