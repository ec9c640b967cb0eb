namespace Audit.Pages.Shared;

/// <summary>Maps pages. What goes wrong in one is shown by a page too.</summary>
internal sealed class PageMap(IEndpointRouteBuilder routes, RecordIntake intake, ReadSide reads, PageWriter writer)
{
    public IEndpointConventionBuilder Get(string path, Roles anyOf, Func<Visit, Task<PageAnswer>> answer) =>
        Describe(routes.MapGet(path, context => AnswerAsync(context, answer)), anyOf);

    public IEndpointConventionBuilder Post(string path, Roles anyOf, Func<Visit, Task<PageAnswer>> answer) =>
        Describe(routes.MapPost(path, context => AnswerAsync(context, answer)), anyOf);

    private static IEndpointConventionBuilder Describe(IEndpointConventionBuilder endpoint, Roles anyOf) => endpoint
        .WithMetadata(anyOf == Roles.None ? AccessRule.Public : new AccessRule(anyOf), PageMark.Page)
        .ExcludeFromDescription();

    private async Task AnswerAsync(HttpContext context, Func<Visit, Task<PageAnswer>> answer)
    {
        PageAnswer page;
        try
        {
            page = await answer(new Visit(intake, reads, context));
        }
        catch (Exception exception) when (!context.RequestAborted.IsCancellationRequested
            && ProblemMiddleware.ProblemOf(exception) is { Status: not 500 } problem)
        {
            page = PageAnswer.Wrong(problem);
        }

        await context.BeforeAnswerAsync(page.Status);
        await writer.WriteAsync(context, page);
    }
}

/// <summary>A few pages that belong together.</summary>
internal interface IPageGroup
{
    void Map(PageMap pages);
}

/// <summary>Marks an endpoint as a page: who may not see it is shown why by a page, or is led to the sign-in.</summary>
internal sealed record PageMark
{
    public static readonly PageMark Page = new();
}
