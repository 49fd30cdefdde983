// Writes the bill of materials of a published program, as CycloneDX 1.6 JSON, from what the SDK restored for it:
//
//   dotnet run build/sbom.cs -- PROJECT TARGET FILE [self-contained]
//
// PROJECT is a project's folder, restored; TARGET is net10.0 or, where a program was published for one system, net10.0/linux-x64.
// Listed are the packages that bring something to run, with the hashes that the registry gave and the licences that they name,
// the runtime where it is compiled in or comes along (self-contained), and this repository's own assemblies. The same input gives the same bytes: there is
// neither a time nor a serial number in it.
//
// This needs nothing but the SDK, so the images' build stages can run it.
#:property PublishAot=false
#:property RestorePackagesWithLockFile=false
#:property RestoreLockedMode=false
#:property EnforceCodeStyleInBuild=false
#:property NoWarn=$(NoWarn);CA1050;CA1303;CA1515;CA1852;IL2026;IL3050
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;

if (args is not [var folder, var target, var file, ..] || args is not ([_, _, _] or [_, _, _, "self-contained"]))
{
    Console.Error.WriteLine("usage: dotnet run build/sbom.cs -- PROJECT TARGET FILE [self-contained]");
    return 2;
}

var assets = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "obj", "project.assets.json")))!;
if (assets["targets"]![target] is not JsonObject resolved)
{
    Console.Error.WriteLine($"error: {folder} was not restored for {target}");
    return 1;
}

var project = assets["project"]!;
var framework = project["frameworks"]!.AsObject().First().Value!;
var packageFolders = assets["packageFolders"]!.AsObject().Select(f => f.Key).ToArray();
var components = new SortedDictionary<string, JsonObject>(StringComparer.OrdinalIgnoreCase);
foreach (var (key, library) in resolved)
{
    var (name, version) = Split(key);
    var isProject = (string?)library!["type"] == "project";
    if (isProject || Runs(library))
    {
        components[name] = isProject ? Component(name, version) : Package(name, version);
    }
}

// A program of native code has the runtime in it; others find it in their image.
var runtime = $"Microsoft.NETCore.App.Runtime.{(args.Length == 4 ? string.Empty : "NativeAOT.")}{target.Split('/').Last()}";
foreach (var download in framework["downloadDependencies"]?.AsArray() ?? [])
{
    if ((string?)download!["name"] == runtime)
    {
        components[runtime] = Package(runtime, ((string)download["version"]!).Trim('[', ']').Split(',')[0].Trim());
    }
}

var program = Component((string)project["restore"]!["projectName"]!, (string)project["version"]!);
program["type"] = "application";
var bom = new JsonObject
{
    ["bomFormat"] = "CycloneDX",
    ["specVersion"] = "1.6",
    ["version"] = 1,
    ["metadata"] = new JsonObject { ["component"] = program },
    ["components"] = new JsonArray([.. components.Values]),
};
Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
File.WriteAllText(file, bom.ToJsonString(new JsonSerializerOptions { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) + "\n");
Console.WriteLine($"{file}: {components.Count} components");
return 0;

static (string Name, string Version) Split(string key) => (key[..key.IndexOf('/', StringComparison.Ordinal)], key[(key.IndexOf('/', StringComparison.Ordinal) + 1)..]);

// Analyzers and build tasks bring no assembly, or the placeholder that says so.
static bool Runs(JsonNode library) => HasFiles(library["runtime"]) || HasFiles(library["native"]) || HasFiles(library["runtimeTargets"]);

static bool HasFiles(JsonNode? kind) => kind is JsonObject files && files.Any(f => !f.Key.EndsWith("/_._", StringComparison.Ordinal));

static JsonObject Component(string name, string version) => new() { ["type"] = "library", ["name"] = name, ["version"] = version };

JsonObject Package(string name, string version)
{
    var component = Component(name, version);
    component["purl"] = $"pkg:nuget/{Uri.EscapeDataString(name)}@{Uri.EscapeDataString(version)}";
    var folder = packageFolders.Select(f => Path.Combine(f, name.ToLowerInvariant(), version.ToLowerInvariant())).FirstOrDefault(Directory.Exists)
        ?? throw new DirectoryNotFoundException($"{name} {version} is not in {string.Join(", ", packageFolders)}");
    var hash = File.ReadAllText(Directory.GetFiles(folder, "*.nupkg.sha512").Single()).Trim();
    component["hashes"] = new JsonArray(new JsonObject { ["alg"] = "SHA-512", ["content"] = Convert.ToHexStringLower(Convert.FromBase64String(hash)) });
    var metadata = XDocument.Load(Directory.GetFiles(folder, "*.nuspec").Single()).Root!.Elements().First(e => e.Name.LocalName == "metadata");
    if (metadata.Elements().FirstOrDefault(e => e.Name.LocalName == "license" && (string?)e.Attribute("type") == "expression") is { } license)
    {
        component["licenses"] = new JsonArray(new JsonObject { ["expression"] = license.Value });
    }

    return component;
}
