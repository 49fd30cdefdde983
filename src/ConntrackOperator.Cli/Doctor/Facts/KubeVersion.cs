using System.Globalization;
using System.Text.RegularExpressions;

namespace ConntrackOperator.Cli.Doctor.Facts;

/// <summary>A version as Kubernetes and the kernel write them: v1.36.2-eks-1a2b, 6.1.0-37-cloud-amd64.</summary>
internal readonly partial record struct KubeVersion(int Major, int Minor, int Patch) : IComparable<KubeVersion>
{
    /// <summary>The first version in a text; null: there is none.</summary>
    public static KubeVersion? Find(string? text) =>
        text is not null && Pattern().Match(text) is { Success: true } match
            ? new(Number(match, 1), Number(match, 2), Number(match, 3)) : null;

    public static bool operator <(KubeVersion left, KubeVersion right) => left.CompareTo(right) < 0;

    public static bool operator >(KubeVersion left, KubeVersion right) => left.CompareTo(right) > 0;

    public static bool operator <=(KubeVersion left, KubeVersion right) => left.CompareTo(right) <= 0;

    public static bool operator >=(KubeVersion left, KubeVersion right) => left.CompareTo(right) >= 0;

    public int CompareTo(KubeVersion other) => (Major, Minor, Patch).CompareTo((other.Major, other.Minor, other.Patch));

    public override string ToString() => $"{Major}.{Minor}.{Patch}";

    private static int Number(Match match, int group) =>
        int.TryParse(match.Groups[group].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    [GeneratedRegex(@"(?<![\d.])v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,6}))?")]
    private static partial Regex Pattern();
}
