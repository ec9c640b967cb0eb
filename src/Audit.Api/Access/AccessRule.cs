namespace Audit.Api.Access;

/// <summary>Which roles an endpoint asks for; one of them suffices. Every endpoint has one of these.</summary>
internal sealed record AccessRule(Roles AnyOf)
{
    public static readonly AccessRule Public = new(Roles.None);
}
