using ConntrackOperator.Incidents.Advising;
using ConntrackOperator.Incidents.Cases;

namespace ConntrackOperator.Incidents.Running;

/// <summary>What became of one incident.</summary>
internal sealed record Outcome(Incident Incident)
{
    /// <summary>The generators' and the kernel's words.</summary>
    internal string Truth { get; set; } = "";

    internal Advice? Advice { get; set; }

    /// <summary>What is wrong with the diagnosis; empty when it is right.</summary>
    internal IReadOnlyList<string> Wrong { get; set; } = [];

    /// <summary>What an agent reports; null: it was not asked.</summary>
    internal Advice? Agent { get; set; }

    /// <summary>What is wrong with that.</summary>
    internal IReadOnlyList<string> AgentWrong { get; set; } = [];

    /// <summary>
    /// The seconds that the slowest other command of the program took, of those that were run at the full table and for the fix.
    /// </summary>
    internal double SlowestOther { get; set; }

    /// <summary>The seconds that status, top and advise took.</summary>
    internal (double Status, double Top, double Advise) Took { get; set; }

    internal LossCount? Before { get; set; }

    internal LossCount? During { get; set; }

    internal LossCount? After { get; set; }

    /// <summary>The commands that were run, from advise on; null when none were.</summary>
    internal int? Commands { get; set; }

    /// <summary>Commands that failed, in their own words.</summary>
    internal List<string> Failed { get; } = [];

    /// <summary>Whether the traffic was stopped where the advice says that nothing here suffices.</summary>
    internal bool StoppedElsewhere { get; set; }

    /// <summary>Established legitimate connections that broke from the first advised command on, those of the generators too.</summary>
    internal long BrokenByFix { get; set; }

    /// <summary>The test bed itself failed, and nothing can be said of the product.</summary>
    internal string? NotStaged { get; set; }

    /// <summary>What of the losses does not count, since the machine was too busy: why; null: all count.</summary>
    internal string? Disturbed { get; set; }

    /// <summary>How long it took.</summary>
    internal TimeSpan Lasted { get; set; }

    internal bool Right => NotStaged is null && Wrong.Count == 0;

    /// <summary>No legitimate connection lost from ten seconds after the fix; null when it was not tried.</summary>
    internal bool? Holds => Commands is null || After is null ? null : After.Lost == 0 && Failed.Count == 0;
}
