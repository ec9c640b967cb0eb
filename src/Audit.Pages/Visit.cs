using System.Globalization;
using Audit.Pages.Access;
using Audit.Pages.Shared;

namespace Audit.Pages;

/// <summary>A request for a page: who asks, and for what.</summary>
internal sealed class Visit(NodeParts node, HttpContext context)
{
    private const int RowsOnPage = 50;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(150);

    public NodeParts Node { get; } = node;

    public HttpContext Context { get; } = context;

    public Bearer Bearer => Context.Bearer();

    public Visibility Visible => new(Bearer);

    public bool IsBound => Bearer.Agent is not null || Bearer.Task is not null;

    public QueryReader Query { get; } = new(context.Request.Query);

    public Timestamp Now => Node.Now;

    public CancellationToken Cancellation => Context.RequestAborted;

    /// <summary>The form, which the session's check has read already.</summary>
    public PageForm Form => Context.Features.Get<PageForm>()
        ?? throw new InvalidOperationException("The request is no form that was posted.");

    /// <summary>Who did something and then looks finds it done.</summary>
    public Task CatchUpAsync() => Node.Reads.CatchUpAsync(Patience, Cancellation);

    /// <summary>One page of a list: as many items as a page of 150 KB holds.</summary>
    public async Task<ListView<T>> ListAsync<T>(Func<PageRequest, Task<Page<T>>> ask, Func<T, bool> sees)
    {
        await CatchUpAsync();
        var page = await ask(new PageRequest(RowsOnPage, Query.Text("cursor")));
        return new ListView<T>([.. page.Items.Where(sees)], page.Next);
    }

    /// <summary>What a form just did, as its redirect says: the position of what was written.</summary>
    public long? Recorded => long.TryParse(
        Context.Request.Query["recorded"].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var position) ? position : null;
}
