using Microsoft.AspNetCore.Http.Features;

namespace Audit.Api.Diary;

/// <summary>
/// Notes every read of what the book says. How the node fares is nobody's secret, and asked for every few seconds.
/// </summary>
internal sealed class ReadDiaryMiddleware(RequestDelegate next, ReadDiary diary, Redactor? redactor = null)
{
    private static readonly string[] NotOfTheBook = ["/v1/stats", "/metrics"];

    public async Task InvokeAsync(HttpContext context)
    {
        if (!IsRead(context))
        {
            await next(context);
            return;
        }

        // A live tail may last for days: it is noted when it begins.
        context.Response.OnStarting(() =>
        {
            var target = context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? context.Request.Path;
            diary.Note(
                context.Bearer().Name, redactor?.Target(target) ?? target, context.Response.StatusCode);
            return Task.CompletedTask;
        });
        await next(context);
    }

    private static bool IsRead(HttpContext context) =>
        HttpMethods.IsGet(context.Request.Method)
        && context.Features.Get<Admission>() is not null
        && context.GetEndpoint()?.Metadata.GetMetadata<AccessRule>() is { } rule
        && (rule.AnyOf & Roles.Read) != 0
        && !NotOfTheBook.Contains(context.Request.Path.Value);
}
