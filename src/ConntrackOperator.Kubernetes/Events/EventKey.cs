using ConntrackOperator.Kubernetes.Protocol;

namespace ConntrackOperator.Kubernetes.Events;

/// <summary>What makes two events the same.</summary>
internal readonly record struct EventKey(ObjectReference Regarding, EventType Type, string Reason, string Action, string NoteKey);
