namespace ConntrackOperator.Kubernetes.Client;

/// <summary>One request, in the API's words; the verb is as in RBAC rules: get, list, watch, create, update, ...</summary>
internal sealed record ApiCall(string Verb, HttpMethod Method, ResourceType Type, string? Namespace, string? Name)
{
    public string? Subresource { get; init; }

    public string Query { get; init; } = "";

    public ReadOnlyMemory<byte>? Body { get; init; }

    public string? ContentType { get; init; }

    public string PathAndQuery => Type.Path(Namespace, Name, Subresource) + Query;

    /// <summary>The resource as RBAC names it, with the subresource.</summary>
    public string RbacResource => Subresource is null ? Type.Plural : $"{Type.Plural}/{Subresource}";

    public override string ToString()
    {
        var what = Type.QualifiedName + (Subresource is null ? "" : "/" + Subresource);
        var where = Namespace is null ? "" : Namespace + "/";
        return Name is null && Namespace is null ? $"{Verb} {what}" : $"{Verb} {what} {where}{Name}";
    }
}
