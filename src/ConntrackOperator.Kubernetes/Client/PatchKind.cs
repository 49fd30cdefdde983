namespace ConntrackOperator.Kubernetes.Client;

/// <summary>The form of a patch. Server-side apply has a method of its own, <see cref="ApiClient.ApplyAsync"/>.</summary>
public enum PatchKind
{
    /// <summary>A list of operations, among them <c>test</c> (RFC 6902).</summary>
    Json,

    /// <summary>A part of the object in which null removes (RFC 7396).</summary>
    Merge,
}
