using System.Text.Json.Nodes;
using ConntrackOperator.TestKit.Storage;

namespace ConntrackOperator.TestKit.Patching;

/// <summary>Who owns which field of one object: what managedFields are for.</summary>
internal sealed class FieldOwners(FieldPaths paths)
{
    private readonly Dictionary<string, HashSet<string>> _owners = [];

    /// <summary>Server-side apply.</summary>
    /// <exception cref="ApiProblem">Another manager owns a field that has another value, and force is off.</exception>
    public JsonObject Apply(JsonObject current, JsonObject stated, string manager, bool force)
    {
        var wanted = paths.Of(stated);
        var conflicts = new List<string>();
        foreach (var (other, owned) in _owners.Where(pair => pair.Key != manager))
        {
            foreach (var path in wanted.Where(path => owned.Contains(path) && Contradicts(current, stated, path)).ToList())
            {
                if (force)
                {
                    owned.Remove(path);
                }
                else
                {
                    conflicts.Add($"conflict with \"{other.Split('|')[0]}\": {FieldPaths.Display(path)}");
                }
            }
        }

        if (conflicts.Count > 0)
        {
            var plural = conflicts.Count == 1 ? "conflict" : "conflicts";
            throw new ApiProblem(409, "Conflict", $"Apply failed with {conflicts.Count} {plural}: {string.Join("; ", conflicts)}")
            {
                Cause = "FieldManagerConflict",
            };
        }

        var before = _owners.GetValueOrDefault(manager) ?? [];
        _owners[manager] = wanted;
        var result = (JsonObject)paths.Merge(current, stated)!;
        // Items go after their fields, so that an item that somebody else has fields in stays.
        foreach (var path in before.Except(wanted).OrderByDescending(path => path.Length))
        {
            if (!_owners.Values.Any(owned => owned.Contains(path) || owned.Any(other => FieldPaths.IsUnder(other, path))))
            {
                paths.Remove(result, path);
            }
        }

        return result;
    }

    /// <summary>Any other write: who changes a field owns it from now on.</summary>
    public void Update(JsonObject? old, JsonObject now, string manager)
    {
        var before = old is null ? [] : paths.Of(old);
        var after = paths.Of(now);
        foreach (var owned in _owners.Values)
        {
            owned.IntersectWith(after);
        }

        var changed = after.Where(path => old is null || !before.Contains(path) || Contradicts(old, now, path)).ToList();
        foreach (var owned in _owners.Values)
        {
            owned.ExceptWith(changed);
        }

        if (changed.Count > 0)
        {
            if (!_owners.TryGetValue(manager, out var own))
            {
                _owners[manager] = own = [];
            }

            own.UnionWith(changed);
        }
    }

    public FieldOwners Clone()
    {
        var clone = new FieldOwners(paths);
        foreach (var (manager, owned) in _owners)
        {
            clone._owners[manager] = [.. owned];
        }

        return clone;
    }

    private bool Contradicts(JsonObject a, JsonObject b, string path) =>
        !FieldPaths.IsItem(path) && !JsonNode.DeepEquals(paths.Find(a, path), paths.Find(b, path));
}
