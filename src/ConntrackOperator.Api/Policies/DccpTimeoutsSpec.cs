using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Policies;

/// <summary>How long a DCCP entry stays without a packet, by the connection's state.</summary>
public sealed record DccpTimeoutsSpec
{
    /// <summary>REQUEST was sent (dccp_timeout_request; the kernel's default is 4m).</summary>
    [Duration]
    public string? Request { get; init; }

    /// <summary>RESPONSE was sent (dccp_timeout_respond; 8m).</summary>
    [Duration]
    public string? Respond { get; init; }

    /// <summary>The first acknowledgement was sent (dccp_timeout_partopen; 8m).</summary>
    [Duration]
    public string? PartOpen { get; init; }

    /// <summary>Open connections (dccp_timeout_open; 12h).</summary>
    [Duration]
    public string? Open { get; init; }

    /// <summary>CLOSEREQ was sent (dccp_timeout_closereq; 64s).</summary>
    [Duration]
    public string? CloseRequest { get; init; }

    /// <summary>CLOSE was sent (dccp_timeout_closing; 64s).</summary>
    [Duration]
    public string? Closing { get; init; }

    /// <summary>Closed; late packets are still recognised (dccp_timeout_timewait; 4m).</summary>
    [Duration]
    public string? TimeWait { get; init; }
}
