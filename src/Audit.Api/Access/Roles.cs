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
