namespace Audit.Pages.Access;

/// <summary>Tells that an endpoint is a page: who may not see it is told so by a page, or is led to the sign-in.</summary>
internal sealed record PageMark
{
    public static readonly PageMark Page = new();
}
