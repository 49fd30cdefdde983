using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using ConntrackOperator.TestKit.Faults;
using ConntrackOperator.TestKit.Http;
using ConntrackOperator.TestKit.Patching;
using ConntrackOperator.TestKit.Storage;

namespace ConntrackOperator.TestKit;

public sealed partial class FakeApiServer
{
    private async Task HandleAsync(HttpConnection connection, HttpRequest http)
    {
        var (request, table) = Describe(http);
        Requests.Add(request);
        var fault = Faults.Take(request);
        switch (fault?.Kind)
        {
            case FaultKind.Cut:
                connection.Cut();
                return;
            case FaultKind.Hang:
                await connection.ClosedAsync();
                return;
            case FaultKind.Delay:
                await Task.Delay(fault.Time);
                break;
            case FaultKind.Answer:
                await RefuseAsync(connection, new ApiProblem(fault.Code, fault.Reason ?? "", "the test wants it so"), fault.RetryAfter);
                return;
        }

        try
        {
            Admit(request);
            if (request.Verb == "watch")
            {
                await WatchAsync(connection, request, table!, fault);
                return;
            }

            var answer = Carry(request, table);
            if (fault?.Kind == FaultKind.CutAnswer)
            {
                connection.Cut();
                return;
            }

            await connection.WriteAsync(request.Verb == "create" ? 201 : 200, "application/json", Utf8(answer));
        }
        catch (ApiProblem problem)
        {
            await RefuseAsync(connection, problem, null);
        }
        catch (JsonException e)
        {
            await RefuseAsync(connection, ApiProblem.BadRequest(e.Message), null);
        }
    }

    private static Task RefuseAsync(HttpConnection connection, ApiProblem problem, TimeSpan? retryAfter)
    {
        var body = Utf8(problem.ToStatus());
        return retryAfter is { } time
            ? connection.WriteAsync(
                problem.Code, "application/json", body, ("Retry-After", ((int)time.TotalSeconds).ToString(CultureInfo.InvariantCulture)))
            : connection.WriteAsync(problem.Code, "application/json", body);
    }

    private void Admit(RequestRecord request)
    {
        if (request.User is null)
        {
            throw new ApiProblem(401, "Unauthorized", "Unauthorized");
        }

        if (Authorize?.Invoke(request) == false)
        {
            throw new ApiProblem(
                403, "Forbidden",
                $"{request.Plural} is forbidden: User \"{request.User}\" cannot {request.Verb} resource \"{request.Plural}\"");
        }
    }

    private JsonObject Carry(RequestRecord request, ResourceTable? table)
    {
        if (table is null)
        {
            return request.Path is "/version" or "/readyz" or "/livez"
                ? new JsonObject { ["major"] = "1", ["minor"] = "34", ["gitVersion"] = "v1.34.0-double" }
                : throw new ApiProblem(404, "NotFound", "the server could not find the requested resource");
        }

        if (request.Subresource is not null && !(request.Subresource == "status" && table.Resource.HasStatus))
        {
            throw new ApiProblem(404, "NotFound", "the server could not find the requested resource");
        }

        var query = request.Query;
        var manager = query.GetValueOrDefault("fieldManager", "unknown");
        var updater = $"{manager}|Update|{request.Subresource}";
        JsonObject Body() => (JsonObject)JsonNode.Parse(request.Body)!;
        return request.Verb switch
        {
            "get" => _storage.Get(table, request.Namespace, request.Name!),
            "list" => _storage.List(
                table,
                request.Namespace,
                new(query.GetValueOrDefault("labelSelector"), query.GetValueOrDefault("fieldSelector")),
                query.TryGetValue("limit", out var limit) ? int.Parse(limit, CultureInfo.InvariantCulture) : null,
                query.GetValueOrDefault("continue")),
            "create" => _storage.Create(table, request.Namespace, Body(), updater),
            "update" => _storage.Replace(table, request.Namespace, request.Name!, Body(), request.Subresource, updater),
            "delete" => _storage.Delete(table, request.Namespace, request.Name!, request.Body.Length > 0 ? Body() : null),
            "patch" when request.ContentType == "application/apply-patch+yaml" => _storage.Apply(
                table, request.Namespace, request.Name!, Body(), request.Subresource, $"{manager}|Apply|{request.Subresource}",
                query.GetValueOrDefault("force") == "true"),
            "patch" => _storage.Patch(table, request.Namespace, request.Name!, PatchOf(request), request.Subresource, updater),
            _ => throw new ApiProblem(405, "MethodNotAllowed", "the server does not allow this method"),
        };
    }

    private static Func<JsonObject, JsonObject> PatchOf(RequestRecord request) => request.ContentType switch
    {
        "application/merge-patch+json" => old => (JsonObject)MergePatch.Apply(old, JsonNode.Parse(request.Body))!,
        "application/json-patch+json" => old => JsonPatch.Apply(old, (JsonArray)JsonNode.Parse(request.Body)!),
        _ => throw new ApiProblem(415, "UnsupportedMediaType", $"the body of the request was in an unknown format: {request.ContentType}"),
    };

    private (RequestRecord Request, ResourceTable? Table) Describe(HttpRequest http)
    {
        var query = http.Query();
        var segments = http.Path.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.UnescapeDataString).ToArray();
        var at = segments switch
        {
            ["api", _, ..] => (Group: "", Version: segments[1], Tail: segments[2..]),
            ["apis", _, _, ..] => (Group: segments[1], Version: segments[2], Tail: segments[3..]),
            _ => (Group: "", Version: "", Tail: []),
        };
        var (ns, rest) = at.Tail is ["namespaces", var inside, _, ..] ? (inside, at.Tail[2..]) : (null, at.Tail);
        var table = rest.Length is 1 or 2 or 3 ? _storage.Table(at.Group, at.Version, rest[0]) : null;
        var name = rest.Length > 1 ? rest[1] : null;
        var token = http.Headers.GetValueOrDefault("Authorization", "").Replace("Bearer ", "", StringComparison.Ordinal);
        var request = new RequestRecord(
            _time.GetUtcNow(),
            http.Method,
            http.Path,
            query,
            table is null ? "" : VerbOf(http.Method, name, query),
            table is null ? null : rest[0],
            ns,
            name,
            rest.Length > 2 ? rest[2] : null,
            http.Headers.GetValueOrDefault("Content-Type")?.Split(';')[0],
            Encoding.UTF8.GetString(http.Body),
            _users.GetValueOrDefault(token));
        return (request, table);
    }

    private static string VerbOf(string method, string? name, Dictionary<string, string> query) => method switch
    {
        "GET" when query.GetValueOrDefault("watch") is "true" or "1" => "watch",
        "GET" => name is null ? "list" : "get",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ => method,
    };

    private async Task WatchAsync(HttpConnection connection, RequestRecord request, ResourceTable table, FaultAction? fault)
    {
        var query = request.Query;
        var selector = new Selector(query.GetValueOrDefault("labelSelector"), query.GetValueOrDefault("fieldSelector"));
        IReadOnlyList<StorageEvent> past;
        Channel<StorageEvent> future;
        try
        {
            (past, future) = _storage.Watch(table, query.GetValueOrDefault("resourceVersion"));
        }
        catch (ApiProblem problem) when (problem.Code == 410)
        {
            // As the real server: an established watch whose only event is the error.
            await connection.BeginChunksAsync();
            await connection.WriteChunkAsync(
                Encoding.UTF8.GetBytes($"{{\"type\":\"ERROR\",\"object\":{problem.ToStatus().ToJsonString()}}}\n"));
            await connection.EndChunksAsync();
            return;
        }

        try
        {
            await connection.BeginChunksAsync();
            if (fault?.Kind == FaultKind.MuteWatch)
            {
                await connection.ClosedAsync();
                return;
            }

            var writer = new WatchWriter(connection, table, selector, request, fault);
            await writer.RunAsync(past, future.Reader, BookmarkInterval, () => _storage.Bookmark(future), _time);
        }
        finally
        {
            _storage.Unwatch(table, future);
        }
    }
}
