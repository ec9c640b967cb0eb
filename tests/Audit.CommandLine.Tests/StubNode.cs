using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Audit.CommandLine.Tests;

/// <summary>Answers posts of records as a node does that has its troubles: the first as the first answer says, and so on.</summary>
internal sealed class StubNode : IAsyncDisposable
{
    private readonly WebApplication web;
    private readonly Queue<Func<HttpContext, string[], Task>> answers;

    private StubNode(WebApplication web, IEnumerable<Func<HttpContext, string[], Task>> answers)
    {
        this.web = web;
        this.answers = new Queue<Func<HttpContext, string[], Task>>(answers);
    }

    /// <summary>The lines of each request.</summary>
    public List<string[]> Requests { get; } = [];

    public string Url => web.Urls.Single();

    public static async Task<StubNode> StartAsync(params Func<HttpContext, string[], Task>[] answers)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var node = new StubNode(builder.Build(), answers);
        node.web.MapPost("/v1/records", node.AnswerAsync);
        await node.web.StartAsync();
        return node;
    }

    /// <summary>Receipts for so many of the lines, and then whatever a last line says.</summary>
    public static Func<HttpContext, string[], Task> Receipts(int most, string last = "") => async (context, lines) =>
    {
        for (var index = 0; index < Math.Min(most, lines.Length); index++)
        {
            await context.Response.WriteAsync($$"""{"index":{{index}},"status":"recorded","position":1}""" + "\n");
        }

        await context.Response.WriteAsync(last);
    };

    public static Func<HttpContext, string[], Task> Refusal(int status, int retryAfter) => (context, _) =>
    {
        context.Response.StatusCode = status;
        context.Response.Headers.RetryAfter = $"{retryAfter}";
        return context.Response.WriteAsync("""{"detail":"not now"}""");
    };

    /// <summary>Some receipts, and then the connection breaks.</summary>
    public static Func<HttpContext, string[], Task> Break(int after) => async (context, lines) =>
    {
        await Receipts(after)(context, lines);
        await context.Response.Body.FlushAsync();
        context.Abort();
    };

    public ValueTask DisposeAsync() => web.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        using var body = new StreamReader(context.Request.Body);
        var lines = (await body.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Requests.Add(lines);
        await (answers.Count > 1 ? answers.Dequeue() : answers.Peek())(context, lines);
    }
}
