namespace ConntrackOperator.Engine.Reporting;

/// <summary>When a report is due.</summary>
public enum ReportUrgency
{
    /// <summary>Nothing that a person would care about changed: with the next heartbeat.</summary>
    Heartbeat,

    /// <summary>Usage moved by a band, or drops began, ended or doubled: with the next slot.</summary>
    Soon,

    /// <summary>A setting or a condition changed: at once.</summary>
    Now,
}
