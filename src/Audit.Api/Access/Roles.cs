namespace Audit.Api.Access;

/// <summary>What the bearer of a token may do. Admin implies all.</summary>
[Flags]
internal enum Roles
{
    None = 0,
    Ingest = 1,
    Read = 2,
    Approve = 4,
    Admin = 8,
    Any = Ingest | Read | Approve | Admin,
}

internal static class RoleNames
{
    public const string Accepted = "ingest, read, approve and admin";

    public static Roles Of(string name) => name switch
    {
        "ingest" => Roles.Ingest,
        "read" => Roles.Read,
        "approve" => Roles.Approve,
        "admin" => Roles.Admin,
        _ => Roles.None,
    };

    /// <summary>A role that this program does not know, written by a newer one, allows nothing.</summary>
    public static Roles Of(IEnumerable<string> names) => names.Aggregate(Roles.None, (roles, name) => roles | Of(name));

    public static string Join(Roles roles) => string.Join(
        " or ",
        new[] { Roles.Ingest, Roles.Read, Roles.Approve, Roles.Admin }
            .Where(role => (roles & role) != 0)
            .Select(role => role.ToString().ToLowerInvariant()));
}

/// <summary>Which roles an endpoint asks for; one of them suffices. Every endpoint has one of these.</summary>
internal sealed record AccessRule(Roles AnyOf)
{
    public static readonly AccessRule Public = new(Roles.None);
}
