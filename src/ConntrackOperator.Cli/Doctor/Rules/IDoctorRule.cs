using ConntrackOperator.Cli.Doctor.Facts;

namespace ConntrackOperator.Cli.Doctor.Rules;

/// <summary>One thing to look for. Pure: the same facts give the same findings.</summary>
internal interface IDoctorRule
{
    /// <summary>The name that <c>--ignore</c> takes.</summary>
    string Name { get; }

    IEnumerable<DoctorFinding> Judge(DoctorFacts facts);
}
