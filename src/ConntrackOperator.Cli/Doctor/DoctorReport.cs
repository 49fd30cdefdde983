using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Cli.Doctor.Rules;

namespace ConntrackOperator.Cli.Doctor;

/// <summary>What <c>doctor</c> prints.</summary>
internal sealed record DoctorReport
{
    /// <summary>What was looked at, in a line each: the cluster or the machine, kube-proxy, the network plug-in, the operator.</summary>
    public required IReadOnlyList<string> Looked { get; init; }

    /// <summary>Findings, the gravest first.</summary>
    public required IReadOnlyList<DoctorFinding> Findings { get; init; }

    /// <summary>What could not be read, and is not judged.</summary>
    public required IReadOnlyList<Unread> NotLooked { get; init; }

    public int Critical => Findings.Count(f => f.Severity == DoctorSeverity.Critical);

    public int Warnings => Findings.Count(f => f.Severity == DoctorSeverity.Warning);

    public int Notes => Findings.Count(f => f.Severity == DoctorSeverity.Note);

    /// <summary>3 when something is wrong, 0 when not. What could not be looked at is not wrong.</summary>
    public int ExitCode() => Critical + Warnings > 0 ? Cli.ExitCode.NotApplied : Cli.ExitCode.InSync;
}
