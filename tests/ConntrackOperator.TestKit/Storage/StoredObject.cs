using System.Text.Json.Nodes;
using ConntrackOperator.TestKit.Patching;

namespace ConntrackOperator.TestKit.Storage;

internal sealed record StoredObject(JsonObject Object, FieldOwners Owners);
