using System.Text.Json;
using Audit.Api.Answers;
using Audit.Api.Hosting;

namespace Audit.Api.Reading;

/// <summary>How questions to the read models are answered.</summary>
internal sealed class ModelAnswers(NodeParts node)
{
    /// <summary>Who writes and then reads finds what was written; under load the answer says how far it is instead.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(150);

    /// <summary>Answers with a list.</summary>
    /// <param name="ask">Null where there is nothing to list.</param>
    public async Task ListAsync<T>(
        HttpContext context, QueryReader query, Func<PageRequest, CancellationToken, Task<Page<T>?>> ask, Func<T, bool> sees,
        Action<Utf8JsonWriter, T> write, Func<Problem>? nothing = null)
    {
        var page = query.Page();
        if (query.Problem is not null)
        {
            await context.WriteProblemAsync(query.Problem);
            return;
        }

        await BeginAsync(context);
        if (await ask(page, context.RequestAborted) is not { } found)
        {
            await context.WriteProblemAsync(nothing!());
            return;
        }

        await context.WriteJsonAsync(StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            WritePage(json, found, sees, write);
            json.WriteEndObject();
        });
    }

    /// <summary>The answer's head says what the read models know.</summary>
    public async Task BeginAsync(HttpContext context)
    {
        await node.Reads.CatchUpAsync(Patience, context.RequestAborted);
        context.Response.Headers["Audit-Position"] =
            (await node.Reads.Models.PositionAsync(context.RequestAborted)).ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Items and next, into an object that is begun.</summary>
    public static void WritePage<T>(Utf8JsonWriter json, Page<T> page, Func<T, bool> sees, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartArray("items"u8);
        foreach (var item in page.Items.Where(sees))
        {
            write(json, item);
        }

        json.WriteEndArray();
        json.WriteString("next"u8, page.Next);
    }
}
