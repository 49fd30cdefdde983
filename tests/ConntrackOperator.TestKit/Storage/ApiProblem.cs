using System.Text.Json.Nodes;

namespace ConntrackOperator.TestKit.Storage;

/// <summary>Why a request is refused, as the API says it.</summary>
internal sealed class ApiProblem(int code, string reason, string message) : Exception(message)
{
    public int Code { get; } = code;

    public string Reason { get; } = reason;

    public string? Cause { get; init; }

    public static ApiProblem NotFound(string what) => new(404, "NotFound", $"{what} not found");

    public static ApiProblem Conflict(string what, string why) =>
        new(409, "Conflict", $"Operation cannot be fulfilled on {what}: {why}");

    public static ApiProblem Expired(string message) => new(410, "Expired", message);

    public static ApiProblem Invalid(string what, string why) => new(422, "Invalid", $"{what} is invalid: {why}");

    public static ApiProblem BadRequest(string why) => new(400, "BadRequest", why);

    public JsonObject ToStatus()
    {
        var status = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Failure",
            ["message"] = Message,
            ["reason"] = Reason,
            ["code"] = Code,
        };
        if (Cause is not null)
        {
            status["details"] = new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["reason"] = Cause, ["message"] = Message }) };
        }

        return status;
    }
}
