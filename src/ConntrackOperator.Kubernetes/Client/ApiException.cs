using ConntrackOperator.Kubernetes.Protocol;

namespace ConntrackOperator.Kubernetes.Client;

/// <summary>A call to the API that did not succeed, for whatever reason but the caller's cancellation.</summary>
public sealed class ApiException : Exception
{
    /// <summary>Creates it for an answer of the server.</summary>
    /// <param name="message">For people: the call and what the server said.</param>
    /// <param name="code">The HTTP status code; 0 when no answer came.</param>
    /// <param name="reason">The machine-readable reason.</param>
    /// <param name="status">The server's whole answer, when it gave one.</param>
    /// <param name="retryAfter">How long the server asks to wait.</param>
    /// <param name="inner">What happened underneath.</param>
    public ApiException(
        string message, int code, string? reason = null, Status? status = null, TimeSpan? retryAfter = null, Exception? inner = null)
        : base(message, inner)
    {
        Code = code;
        Reason = reason ?? status?.Reason;
        Status = status;
        RetryAfter = retryAfter;
    }

    /// <summary>The HTTP status code; 0 when no answer came or the answer made no sense.</summary>
    public int Code { get; }

    /// <summary>The machine-readable reason: the server's, or <c>Timeout</c>, <c>Network</c>, <c>Credentials</c>,
    /// <c>Undecodable</c>, <c>TooLarge</c> of this client.</summary>
    public string? Reason { get; }

    /// <summary>The server's whole answer, when it gave one.</summary>
    public Status? Status { get; }

    /// <summary>How long the server asks to wait before the next attempt.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>401: the token is not, or no longer, good.</summary>
    public bool IsUnauthorized => Code == 401;

    /// <summary>404.</summary>
    public bool IsNotFound => Code == 404;

    /// <summary>409 when creating something that is there.</summary>
    public bool IsAlreadyExists => Code == 409 && Reason == "AlreadyExists";

    /// <summary>409 because somebody else changed or owns it; not <see cref="IsAlreadyExists"/>.</summary>
    public bool IsConflict => Code == 409 && Reason != "AlreadyExists";

    /// <summary>410: the resource version or the continue token is too old; list again.</summary>
    public bool IsExpired => Code == 410 || Reason is "Expired" or "Gone";

    /// <summary>422: the object is refused, or a patch's <c>test</c> failed (<see cref="IsFailedTest"/>).</summary>
    public bool IsInvalid => Code == 422;

    /// <summary>422 because an operation of a JSON patch, its <c>test</c> above all, does not fit the object as it is now: somebody else
    /// changed it. The server says so without a word about the object (apiserver's <c>applyJSPatch</c>), while whoever refuses an object,
    /// schema or admission, names it or gives a text of their own.</summary>
    public bool IsFailedTest => Code == 422
        && Status is { Message: { } said, Details: null or { Kind: null or "", Name: null or "", Causes: null or { Count: 0 } } }
        && said.StartsWith("the server rejected our request due to an error in our request", StringComparison.Ordinal);

    /// <summary>400, 403 or 422: somebody, a schema, an admission policy or RBAC, says no, and will say so again until somebody
    /// changes something. Not a conflict.</summary>
    public bool IsRefused => Code is 400 or 403 || (Code == 422 && !IsFailedTest);

    /// <summary>429: the server is busy.</summary>
    public bool IsTooManyRequests => Code == 429;

    /// <summary>The answer, or an object in it, could not be decoded.</summary>
    public bool IsUndecodable => Reason == "Undecodable";

    /// <summary>The resource version is newer than anything that the server knows: its storage was set back.</summary>
    public bool IsTooNew => Status?.Details?.Causes?.Exists(cause => cause.Reason == "ResourceVersionTooLarge") == true;

    /// <summary>Whether the same call may well succeed later: no answer came, or 408, 429 or 5xx.</summary>
    public bool IsTransient =>
        Code is 408 or 429 or >= 500 || (Code == 0 && Reason is "Timeout" or "Network" or "Credentials");

    /// <summary>Whether it came as an ERROR event in a watch that had begun.</summary>
    internal bool IsWatchError { get; private init; }

    internal static ApiException FromWatch(ApiCall call, Status? status)
    {
        var error = FromAnswer(call, status?.Code ?? 0, status, "", null);
        return new(error.Message, error.Code, error.Reason, status, error.RetryAfter) { IsWatchError = true };
    }

    internal static ApiException FromAnswer(ApiCall call, int code, Status? status, string body, TimeSpan? retryAfter)
    {
        var said = status?.Message is { Length: > 0 } message ? message : body;
        var text = $"{call}: {code} {status?.Reason}".TrimEnd();
        if (said.Length > 0)
        {
            text += ": " + said;
        }

        if (code == 403)
        {
            var scope = call.Namespace is null ? "a ClusterRole" : $"a Role in namespace \"{call.Namespace}\"";
            text += $" (missing in {scope}: verb \"{call.Verb}\" on resource \"{call.RbacResource}\" of API group \"{call.Type.Group}\")";
        }

        retryAfter ??= status?.Details?.RetryAfterSeconds is { } seconds and > 0 ? TimeSpan.FromSeconds(seconds) : null;
        return new(text, code, status?.Reason, status, retryAfter);
    }

    internal static ApiException TimedOut(ApiCall call, TimeSpan limit, Exception? inner) => new(
        $"{call}: no answer within {limit.TotalSeconds:0.#} s", 0, "Timeout", inner: inner);

    internal static ApiException Network(ApiCall call, Exception inner) =>
        new($"{call}: {inner.Message}", 0, "Network", inner: inner);

    internal static ApiException Credentials(ApiCall call, Exception inner) =>
        new($"{call}: the credentials cannot be read: {inner.Message}", 0, "Credentials", inner: inner);

    internal static ApiException Undecodable(string what, Exception? inner) =>
        new($"{what} could not be decoded: {inner?.Message ?? "not in the form of the API"}", 0, "Undecodable", inner: inner);

    /// <summary>An answer or an event that was longer than is accepted.</summary>
    internal bool IsTooLarge => Reason == "TooLarge";

    internal static ApiException TooLarge(string what, int limit) => new(
        $"{what} is larger than {limit:N0} bytes", 0, "TooLarge");
}
