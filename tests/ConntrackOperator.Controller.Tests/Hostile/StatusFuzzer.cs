using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using ConntrackOperator.Controller.Agents;
using ConntrackOperator.TestKit;
using YamlDotNet.RepresentationModel;

namespace ConntrackOperator.Controller.Tests.Hostile;

/// <summary>Makes up statuses of a ConntrackNode that the API server takes, from the schema that is shipped: at its bounds, beyond what
/// makes sense, and with the names that the controller looks for. Now and then a bound is left out, to find what the server takes all the
/// same.</summary>
internal sealed class StatusFuzzer
{
    /// <summary>Dates that the API server calls RFC 3339; some of them are none to .NET.</summary>
    private static readonly string[] _times =
    [
        "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-01-01t00:00:00z", "2026-01-01T00:00:00+99:99",
        "2026-01-01T00:00:00.123456789123Z", "1969-12-31T23:59:59-14:00", "2016-12-31T23:59:60Z", "2026-06-01T12:00:00Z",
    ];

    private static readonly string[] _texts = [
        "", " ", "\u0000\u0007\u001b[31m", "\r\n", "\u202eevil", "🐧", "n1", "..", "{{", "$(x)", "-1", "NaN", "null"];

    private readonly JsonObject _schema;
    private readonly Random _random;
    private readonly string[] _words;
    private bool _isHuge;
    private bool _isBeyond;
    private double _fill;

    /// <summary>Creates it.</summary>
    /// <param name="random">Chance.</param>
    /// <param name="words">Names that mean something: policies, nodes, settings, UIDs of flushes.</param>
    public StatusFuzzer(Random random, params string[] words)
    {
        _random = random;
        _words = words;
        var yaml = new YamlStream();
        using var text = File.OpenText(Path.Combine(Repository.Root, "config", "crd", "conntrack.dev_conntracknodes.yaml"));
        yaml.Load(text);
        _schema = (JsonObject)YamlJson.Convert(
            yaml.Documents[0].RootNode)!["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!["properties"]!["status"]!;
    }

    /// <summary>The next status: small most of the time, for there to be many of them, at times huge, at times beyond a bound.</summary>
    public JsonNode Next()
    {
        _isHuge = Chance(0.01);
        _isBeyond = Chance(0.05);
        _fill = _isHuge ? 0.9 : Pick([0.1, 0.2, 0.4, 0.8]);
        return Make(_schema)!;
    }

    private bool Chance(double probability) => _random.NextDouble() < probability;

    private T Pick<T>(IReadOnlyList<T> from) => from[_random.Next(from.Count)];

    private JsonNode? Make(JsonObject schema) => schema["type"]?.GetValue<string>() switch
    {
        "object" => MakeObject(schema),
        "array" => MakeArray(schema),
        "integer" or "number" => MakeNumber(schema),
        "boolean" => Chance(0.5),
        _ => MakeText(schema),
    };

    private JsonObject MakeObject(JsonObject schema)
    {
        var made = new JsonObject();
        var required = schema["required"]?.AsArray().Select(r => r!.GetValue<string>()).ToHashSet(StringComparer.Ordinal) ?? [];
        foreach (var (name, property) in schema["properties"]?.AsObject() ?? [])
        {
            if (required.Contains(name) ? !_isBeyond || Chance(0.99) : Chance(_fill))
            {
                made[name] = Make(property!.AsObject());
            }
        }

        return made;
    }

    private JsonArray MakeArray(JsonObject schema)
    {
        var most = schema["maxItems"]?.GetValue<long>() ?? 64;
        var count = _isHuge && Chance(0.3) ? most : Math.Min(most, _random.Next(4));
        var items = schema["items"]!.AsObject();
        return new JsonArray([.. Enumerable.Range(0, (int)count).Select(_ => Make(items))]);
    }

    private JsonValue MakeNumber(JsonObject schema)
    {
        var least = Bound(schema["minimum"], long.MinValue);
        var most = Bound(schema["maximum"], schema["format"]?.GetValue<string>() == "int32" ? int.MaxValue : long.MaxValue);
        long[] beyond = [long.MaxValue, long.MinValue, -1, (long)int.MaxValue + 1];
        long[] within = [least, most, 0, 1, 100, most - 1, _random.NextInt64(Math.Max(0, least), Math.Max(1, most))];
        return JsonValue.Create(_isBeyond && Chance(0.1) ? Pick(beyond) : Math.Clamp(Pick(within), least, most));
    }

    private static long Bound(JsonNode? bound, long otherwise) =>
        bound is null ? otherwise : (long)decimal.Parse(bound.ToJsonString().Trim('"'), NumberStyles.Float, CultureInfo.InvariantCulture);

    private JsonValue MakeText(JsonObject schema)
    {
        if (schema["enum"]?.AsArray() is { } allowed)
        {
            return JsonValue.Create(Pick([.. allowed.Select(a => a!.GetValue<string>())]));
        }

        if (schema["format"]?.GetValue<string>() == "date-time")
        {
            return JsonValue.Create(Pick(_times));
        }

        var least = (int)(schema["minLength"]?.GetValue<long>() ?? 0);
        var most = (int)Math.Min(schema["maxLength"]?.GetValue<long>() ?? 40_000, 40_000);
        var text = new StringBuilder(Chance(0.5) ? Pick(_words) : Pick(_texts));
        var wanted = _isHuge && Chance(0.1) ? most : _isBeyond && Chance(0.05) ? most + 1 : least;
        while (text.Length < wanted)
        {
            text.Append(wanted - text.Length > 2 && Chance(0.1) ? Pick(_texts) : Pick(["a", "Z", "-", "9", "ä", "\u200b"]));
        }

        if (text.Length > Math.Max(wanted, most))
        {
            text.Length = Math.Max(wanted, most);
        }

        // The server's patterns are few, and most of them are those of words.
        return JsonValue.Create(schema["pattern"] is null ? text.ToString() : Pick(_words));
    }
}
