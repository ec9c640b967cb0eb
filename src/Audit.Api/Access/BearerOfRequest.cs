
namespace Audit.Api.Access;

internal static class BearerOfRequest
{
    /// <summary>Who makes the request; only an endpoint that is open to all has none.</summary>
    public static Bearer Bearer(this HttpContext context) => context.Features.Get<Bearer>()
        ?? throw new InvalidOperationException("The endpoint is open to all, so nobody is known to ask.");
}
