namespace ConntrackOperator.TestKit.Faults;

public enum FaultKind
{
    Answer,
    Cut,
    CutAnswer,
    Delay,
    Hang,
    CutWatch,
    EndWatch,
    SendLine,
    MuteWatch,
}
