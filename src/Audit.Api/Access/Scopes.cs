namespace Audit.Api.Access;

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
