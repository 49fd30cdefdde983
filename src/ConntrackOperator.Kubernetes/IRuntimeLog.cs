namespace ConntrackOperator.Kubernetes;

/// <summary>Where the runtime says what a person should know. The program bridges it to its own log.</summary>
public interface IRuntimeLog
{
    /// <summary>A step, for those who look for a fault in the program itself. Its making must cost nothing worth sparing.</summary>
    void Debug(string message);

    /// <summary>Something ordinary that is worth a line: a lease taken, a list done again.</summary>
    void Info(string message);

    /// <summary>Something failed. The runtime goes on and retries, unless the message says otherwise.</summary>
    void Warn(string message, Exception? exception);
}
