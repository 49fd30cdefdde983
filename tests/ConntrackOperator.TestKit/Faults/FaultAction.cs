namespace ConntrackOperator.TestKit.Faults;

/// <summary>What goes wrong.</summary>
public sealed record FaultAction
{
    private FaultAction(FaultKind kind) => Kind = kind;

    public FaultKind Kind { get; }

    public int Code { get; private init; }

    public string? Reason { get; private init; }

    public TimeSpan? RetryAfter { get; private init; }

    public TimeSpan Time { get; private init; }

    public int Events { get; private init; }

    public string? Line { get; private init; }

    /// <summary>Another answer, without carrying the request out.</summary>
    public static FaultAction Answer(int code, string? reason = null, TimeSpan? retryAfter = null) =>
        new(FaultKind.Answer) { Code = code, Reason = reason, RetryAfter = retryAfter };

    /// <summary>The connection breaks before the request is carried out.</summary>
    public static FaultAction Cut() => new(FaultKind.Cut);

    /// <summary>The request is carried out, and the connection breaks before the answer.</summary>
    public static FaultAction CutAnswer() => new(FaultKind.CutAnswer);

    /// <summary>The request is carried out later.</summary>
    public static FaultAction Delay(TimeSpan time) => new(FaultKind.Delay) { Time = time };

    /// <summary>The request is never answered.</summary>
    public static FaultAction Hang() => new(FaultKind.Hang);

    /// <summary>The connection breaks after so many events of the watch.</summary>
    public static FaultAction CutWatch(int afterEvents = 0) => new(FaultKind.CutWatch) { Events = afterEvents };

    /// <summary>The watch ends in good order after so many events.</summary>
    public static FaultAction EndWatch(int afterEvents = 0) => new(FaultKind.EndWatch) { Events = afterEvents };

    /// <summary>A line comes up in the watch after so many events.</summary>
    public static FaultAction SendLine(string line, int afterEvents = 0) =>
        new(FaultKind.SendLine) { Line = line, Events = afterEvents };

    /// <summary>An ERROR event with 410 comes up in the watch, and it ends.</summary>
    public static FaultAction ExpireWatch(int afterEvents = 0) => new(FaultKind.EndWatch)
    {
        Line =
            """{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","message":"too old resource version","reason":"Expired","code":410}}""",
        Events = afterEvents,
    };

    /// <summary>The watch is open, and nothing ever comes.</summary>
    public static FaultAction MuteWatch() => new(FaultKind.MuteWatch);
}
