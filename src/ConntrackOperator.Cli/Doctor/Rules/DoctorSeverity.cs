using System.Text.Json.Serialization;

namespace ConntrackOperator.Cli.Doctor.Rules;

/// <summary>How much a finding matters.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DoctorSeverity>))]
internal enum DoctorSeverity
{
    /// <summary>Good to know; nothing is wrong.</summary>
    Note,

    /// <summary>Something is wrong, or goes wrong at the next start of something.</summary>
    Warning,

    /// <summary>Connections are lost, or will be.</summary>
    Critical,
}
