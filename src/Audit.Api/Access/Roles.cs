namespace Audit.Api.Access;

/// <summary>What the bearer of a token may do. Who administers may do all but approve.</summary>
[Flags]
internal enum Roles
{
    None = 0,
    Ingest = 1,
    Read = 2,
    Approve = 4,
    Admin = 8,

    /// <summary>To take out of the node what no binding can narrow: the whole book, with operators' acts.</summary>
    Export = 16,
    Any = Ingest | Read | Approve | Export | Admin,
}

internal static class RoleNames
{
    public const string Accepted = "ingest, read, approve, export and admin";

    private static readonly Roles[] Each = [Roles.Ingest, Roles.Read, Roles.Approve, Roles.Export, Roles.Admin];

    /// <summary>As they are written, in the order in which people name them.</summary>
    public static readonly IReadOnlyList<string> All = [.. Each.Select(NameOf)];

    public static Roles Of(string name) => Array.Find(Each, role => NameOf(role) == name);

    /// <summary>A role that this program does not know, written by a newer one, allows nothing.</summary>
    public static Roles Of(IEnumerable<string> names) => names.Aggregate(Roles.None, (roles, name) => roles | Of(name));

    public static string Join(Roles roles) =>
        string.Join(" or ", Each.Where(role => (roles & role) != 0).Select(NameOf));

    private static string NameOf(Roles role) => role.ToString().ToLowerInvariant();
}

/// <summary>Which roles an endpoint asks for; one of them suffices. Every endpoint has one of these.</summary>
internal sealed record AccessRule(Roles AnyOf)
{
    public static readonly AccessRule Public = new(Roles.None);

    /// <summary>Whether it is numbers alone, which say nothing of what the book says.</summary>
    public bool IsOfNumbers { get; init; }
}

/// <summary>What an endpoint gives of the book, and how it keeps a bound token to its own.</summary>
internal enum Scope
{
    /// <summary>It says nothing of what is in the book.</summary>
    Public,

    /// <summary>Hashes, sizes and keys of the log, by which nothing of a record can be read.</summary>
    Digests,

    /// <summary>It takes only what the token may speak of, and answers by what became of that.</summary>
    Own,

    /// <summary>What it reads is narrowed to the token's agent and task by the question itself.</summary>
    Binding,

    /// <summary>It is of the whole node, and cannot be narrowed: a bound token is refused whatever it asks.</summary>
    Unbound,

    /// <summary>Of operators, for admin or export alone; a bound token is refused.</summary>
    Administration,
}

/// <summary>Every endpoint has one; a bound token gets nothing from one that has none.</summary>
internal sealed record ScopeRule(Scope Scope)
{
    /// <returns>Null when the bearer may ask here, as far as its binding goes; else the sentence that says why
    /// not.</returns>
    public static string? Refuse(Endpoint? endpoint, Bearer bearer) =>
        bearer.IsBound && endpoint?.Metadata.GetMetadata<ScopeRule>()?.Scope
            is null or Scope.Unbound or Scope.Administration
            ? $"The token \"{bearer.Name}\" is bound, and what is asked for is of the whole book or node."
            : null;
}

internal static class ScopeMapping
{
    public static TBuilder Scoped<TBuilder>(this TBuilder endpoint, Scope scope)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new ScopeRule(scope));
}
