namespace ConntrackOperator.Kubernetes.Informers;

/// <summary>How a watch is doing, whatever it watches: what health is judged by.</summary>
public interface IInformerState
{
    /// <summary>What is watched: plural and group.</summary>
    string Resource { get; }

    /// <summary>Whether there has been a whole list.</summary>
    bool HasSynced { get; }

    /// <summary>How long ago the server last said anything, on a clock that is never set.</summary>
    TimeSpan SinceProgress { get; }

    /// <summary>For how long there has been no watch: zero while one is established, else since the server last said anything.</summary>
    TimeSpan SinceConnected { get; }

    /// <summary>How often a list or a watch failed, since the start.</summary>
    long Failures { get; }

    /// <summary>What the last of these failures was; null: there was none.</summary>
    string? LastFailure { get; }
}
