using System.Text.RegularExpressions;
using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Planning.Validation;

/// <summary>Names of objects, as the API server checks them (RFC 1123 subdomains).</summary>
public static partial class ObjectNames
{
    /// <summary>What is allowed.</summary>
    public const string Allowed = RuleMessages.ObjectName;

    /// <summary>Whether an object may have this name.</summary>
    /// <param name="name">The name.</param>
    /// <returns>True when it may.</returns>
    public static bool IsValid(string? name) => name is { Length: > 0 and <= 253 } && Subdomain().IsMatch(name);

    // k8s.io/apimachinery/pkg/util/validation, IsDNS1123Subdomain.
    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z")]
    private static partial Regex Subdomain();
}
