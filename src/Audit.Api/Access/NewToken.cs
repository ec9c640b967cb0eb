namespace Audit.Api.Access;

/// <summary>A token as somebody wants it.</summary>
/// <param name="Person">Whom it stands for.</param>
/// <param name="Source">As what it reports, a new source or one that is there; null where it reports nothing.</param>
/// <param name="Lasts">Null for a token that is good until it is revoked.</param>
internal sealed record NewToken(
    string Name, IReadOnlyList<string> Roles, string Person, string? Source, TokenBounds Bound, TimeSpan? Lasts)
{
    /// <summary>Agents, tasks or sources that one token may be bound to.</summary>
    public const int MostBounds = 100;

    private const string SourceNeeded =
        "a token of role ingest reports as a source, and none is named; name the host or the service whose records "
        + "these are, a new source or one that is there (its other tokens share it): sessions and calls "
        + "belong to their source";

    private const string SourceBarred = "a source's name must not hold \"|\"";

    private const string SourceUseless = "only a token of role ingest or admin reports as a source";

    private const string PersonNeeded =
        "a token of role approve or admin stands for a person; none is for services";

    /// <returns>Null when there may be such a token, else the member that is wrong and why.</returns>
    public (string Member, string Sentence)? Refuse()
    {
        var roles = RoleNames.Of(Roles);
        return Roles.Count == 0 ? ("roles", $"missing, or empty; accepted are {RoleNames.Accepted}")
            : Roles.FirstOrDefault(role => RoleNames.Of(role) == Access.Roles.None) is { } unknown
                ? ("roles", $"the role \"{unknown}\" is not known; accepted are {RoleNames.Accepted}")
            : Source?.Contains('|') == true ? ("source", SourceBarred)
            : Source is null && (roles & Access.Roles.Ingest) != 0 ? ("source", SourceNeeded)
            : Source is not null && (roles & (Access.Roles.Ingest | Access.Roles.Admin)) == 0
                ? ("source", SourceUseless)
            : Person == Bearer.NoPerson && (roles & (Access.Roles.Approve | Access.Roles.Admin)) != 0
                ? ("person", PersonNeeded)
            : null;
    }
}
