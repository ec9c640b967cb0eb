using System.Text.Json;
using Audit.Api.Access;
using Audit.Api.Answers;
using Audit.Api.Hosting;

namespace Audit.Api.Reading;

/// <summary>`/v1/tasks`: tasks, their windows, and what was done in their name.</summary>
internal sealed class TaskEndpoints(NodeParts node)
{
    private static readonly WindowJudgement[] Judged = [WindowJudgement.InWindow, WindowJudgement.OutsideWindow, WindowJudgement.OutOfScope];

    private readonly ModelAnswers answers = new(node);

    public void Map(IEndpointRouteBuilder routes)
    {
        const string Summary = "Shows a task: its windows, and its calls in a window, outside of one and out of scope.";
        var at = new QueryParameter("at", "A position or a time: as it was known then.");
        var limit = new QueryParameter("limit", "At most so many calls of each kind, up to 1000.");
        routes.Get(
            "/v1/tasks", ListAsync, Roles.Read, "Lists the tasks, newest first.", "",
            new("limit", "At most so many, up to 1000."), new("cursor", "The next of the page before."));
        routes.Get("/v1/tasks/{task}", context => GetAsync(context, OfPath(context)), Roles.Read, Summary, "", at, limit);
        routes.Get(
            "/v1/task", context => GetAsync(context, OfQuery(context)), Roles.Read, Summary, "For ids that a path cannot carry.",
            new("task", "The task.", Required: true), at, limit);
        routes.Get(
            "/v1/task/calls", CallsAsync, Roles.Read, "Lists the calls of a task with one judgement, newest first.", "",
            new("task", "The task.", Required: true),
            new("judgement", "in_window, outside_window or out_of_scope.", Required: true),
            new("limit", "At most so many, up to 1000."), new("cursor", "The next of the page before."));
    }

    private Task ListAsync(HttpContext context) => answers.ListAsync(
        context, new QueryReader(context.Request.Query),
        async (page, cancellation) => await node.Reads.Models.TasksAsync(page, cancellation),
        new Visibility(context.Bearer()).Sees, TaskJson.Write);

    private async Task CallsAsync(HttpContext context)
    {
        var query = new QueryReader(context.Request.Query);
        var task = query.RequiredId("task");
        var word = query.Text("judgement");
        var judgement = Judged.FirstOrDefault(one => ModelWords.Of(one) == word);
        if (judgement == default)
        {
            query.Refuse("judgement", $"in_window, outside_window or out_of_scope is expected, not \"{word}\".");
        }

        await answers.ListAsync(
            context, query,
            async (page, cancellation) => await node.Reads.Models.CallsOfTaskAsync(task, judgement, page, cancellation),
            new Visibility(context.Bearer()).Sees, CallJson.Write);
    }

    private async Task GetAsync(HttpContext context, (string Id, Problem? Problem) asked)
    {
        var query = new QueryReader(context.Request.Query);
        var (asOf, page) = (query.AsOf(), new PageRequest(query.Limit()));
        if ((asked.Problem ?? query.Problem) is { } problem)
        {
            await context.WriteProblemAsync(problem);
            return;
        }

        await answers.BeginAsync(context);
        await (asOf is { } moment ? WritePastAsync(context, asked.Id, moment) : WriteNowAsync(context, asked.Id, page));
    }

    private async Task WriteNowAsync(HttpContext context, string id, PageRequest page)
    {
        var visible = new Visibility(context.Bearer());
        if (await node.Reads.Models.TaskAsync(id, context.RequestAborted) is not { } view || !visible.Sees(view.Task))
        {
            await context.WriteProblemAsync(NotFound(id));
            return;
        }

        var calls = new List<(WindowJudgement Judgement, Page<CallModel> Page)>();
        foreach (var judgement in Judged)
        {
            calls.Add((judgement, await node.Reads.Models.CallsOfTaskAsync(id, judgement, page, context.RequestAborted)));
        }

        await context.WriteJsonAsync(StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            TaskJson.WriteMembers(json, view.Task);
            WriteWindows(json, view.Windows.Where(visible.Sees));
            json.WriteStartObject("calls");
            foreach (var (judgement, found) in calls)
            {
                json.WriteStartObject(ModelWords.Of(judgement));
                ModelAnswers.WritePage(json, found, visible.Sees, CallJson.Write);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    private async Task WritePastAsync(HttpContext context, string id, AsOf moment)
    {
        var visible = new Visibility(context.Bearer());
        if (await node.Reads.TimeTravel.TaskAsync(id, moment, context.RequestAborted) is not { } past)
        {
            await context.WriteProblemAsync(NotFound(id));
            return;
        }

        await context.WriteJsonAsync(StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteString("task_id", id);
            json.WriteJudged(past.Item.Judged);
            WriteWindows(json, past.Item.Windows.Where(visible.Sees));
            json.WriteStartObject("calls");
            foreach (var judgement in Judged)
            {
                var calls = past.Item.Calls.Where(call => call.Judgement == judgement).ToList();
                json.WriteStartObject(ModelWords.Of(judgement));
                ModelAnswers.WritePage(json, new Page<CallModel>(calls, null), visible.Sees, CallJson.Write);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteNumber("as_of", past.Position);
            json.WriteEndObject();
        });
    }

    private void WriteWindows(Utf8JsonWriter json, IEnumerable<WindowModel> windows)
    {
        json.WriteStartArray("windows");
        foreach (var window in windows)
        {
            WindowModelJson.Write(json, window, node.Now);
        }

        json.WriteEndArray();
    }

    private static Problem NotFound(string id) => Problem.NotFound($"There is no task \"{id}\" that this token may see.");

    private static (string Id, Problem? Problem) OfPath(HttpContext context)
    {
        var id = PathIds.Of(context, "task");
        return (id, Ids.Refuse(id, Ids.MaxBytes) is { } sentence ? Problem.BadParameter("task", sentence + ".") : null);
    }

    private static (string Id, Problem? Problem) OfQuery(HttpContext context)
    {
        var query = new QueryReader(context.Request.Query);
        return (query.RequiredId("task"), query.Problem);
    }
}
