using Audit.Api.Diary;

namespace Audit.Api.Acting;

/// <summary>A backup that was taken, as it stands in the book: who has it has the rows up to there.</summary>
/// <param name="To">Where it was written.</param>
/// <param name="Keys">Where the keys of the payloads were written; null where they were not.</param>
internal sealed record TakenBackup(string Id, long LastPosition, long Rows, string To, string? Keys)
{
    public const string Act = "backup.taken";

    private static readonly string[] Members = ["id", "last_position", "rows", "to", "keys"];

    /// <exception cref="UnreadableException">It is not said which one.</exception>
    public static TakenBackup Read(StrictObject body)
    {
        body.RequireOnly(Members);
        return new TakenBackup(
            body.RequiredId("id"), body.Number("last_position") ?? 0, body.Number("rows") ?? 0,
            body.RequiredText("to"), body.Text("keys"));
    }

    /// <returns>The position of the row.</returns>
    public Task<long> WriteAsync(OperatorActs acts, string actor) => acts.WriteFactsAsync(
        StreamNames.Keeping, Act, actor,
        json =>
        {
            json.WriteString("id", Id);
            json.WriteNumber("last_position", LastPosition);
            json.WriteNumber("rows", Rows);
            json.WriteString("to", acts.Redacted(To));
            json.WriteString("keys", Keys is null ? null : acts.Redacted(Keys));
        });
}

/// <summary>`/v1/backups`: what is done to keep the book.</summary>
internal sealed class KeepingEndpoints(OperatorActs acts) : IEndpointGroup
{
    public void Map(IEndpointRouteBuilder routes) => routes.Post(
        "/v1/backups", NoteAsync, Roles.Admin, "Writes down that a backup was taken.",
        "The body is {id, last_position, rows, to, keys?}, as `audit backup` sends it.")
        .Produces<KeptAnswer>(StatusCodes.Status201Created).Scoped(Scope.Administration);

    private async Task<IResult> NoteAsync(HttpContext context)
    {
        var taken = TakenBackup.Read(await context.ReadObjectAsync());
        return Reply.Json(
            new KeptAnswer(taken.Id, await taken.WriteAsync(acts, context.Bearer().Name)),
            StatusCodes.Status201Created);
    }
}
