using System.Text.Json.Serialization.Metadata;
using Audit.Node.CommandLine.Operating;

namespace Audit.Node.CommandLine.Reading;

/// <summary>`audit case`: calls, windows and searches put together, with notes, and given as one file.</summary>
internal static class CaseCommands
{
    private const string AboutExport =
        "Writes a case into one file: a report for people, and the rows with their proofs. `audit verify --bundle` "
        + "verifies both.";

    private static readonly Column<CaseAnswer>[] Shown =
    [
        new("case", one => one.Id) { IsRigid = true }, new("title", one => one.Title),
        new("state", one => one.State), new("pins", one => one.Pins) { IsRigid = true },
        new("notes", one => one.Notes, Rank: 2) { IsRigid = true }, new("by", one => one.OpenedBy, Rank: 1),
        new("opened", one => Cells.Clock(one.OpenedAt), Rank: 3) { IsRigid = true },
        new("last", one => Cells.Clock(one.LastAt)) { IsRigid = true },
    ];

    private static readonly Column<PinAnswer>[] Pinned =
    [
        new("pin", pin => pin.Pin) { IsRigid = true }, new("of", NameOf) { Least = 20 },
        new("in short", pin => pin.Sentence ?? "the book has nothing of the kind", IsWhole: true) { Least = 40 },
        new("note", pin => pin.Note, Rank: 1), new("by", pin => pin.By, Rank: 2),
        new("at", pin => Cells.Clock(pin.At), Rank: 3) { IsRigid = true },
    ];

    private static readonly Column<CaseActAnswer>[] History =
    [
        new("at", act => Cells.Clock(act.At)) { IsRigid = true }, new("act", act => act.Act),
        new("by", act => act.By), new("pin", act => act.Pin, Rank: 1), new("text", act => act.Text, IsWhole: true),
        new("position", act => act.Position, Rank: 2) { IsRigid = true },
    ];

    public static Command Make(Surroundings surroundings) => new(
        "case",
        "Puts calls, windows and searches together with notes, and gives them as one file that proves itself. Who "
        + "opens cases and adds to them needs the role approve or admin.")
    {
        MakeOpen(surroundings),
        MakePin(surroundings),
        MakeUnpin(surroundings),
        MakeSaying(surroundings, "note", "Adds a note to a case.", "notes", isNeeded: true),
        MakeSaying(surroundings, "close", "Closes a case, for good.", "close", isNeeded: false),
        MakeShow(surroundings),
        MakeList(surroundings),
        MakeExport(surroundings),
    };

    private static Command MakeOpen(Surroundings surroundings)
    {
        var command = new Command("open", "Opens a case, and prints its id.");
        var title = command.AddName("TITLE", "what is looked into");
        return command.Asks(surroundings, async asked =>
        {
            var opened = await asked.Node.PostAsync(
                "v1/cases", new { title = asked.Get(title) }, WireJson.Default.CaseAnswer, asked.Cancellation);
            asked.Surroundings.Out.WriteLine(opened.Id);
        });
    }

    private static Command MakePin(Surroundings surroundings)
    {
        var command = new Command("pin", "Pins a call, a window or a search to a case.");
        var id = AddCase(command);
        var session = command.AddOptionalName("SESSION", "the session of a call");
        var call = command.AddOptionalName("CALL", "the call");
        var source = command.AddSource();
        var window = command.AddText("--window", "WINDOW", "a window in place of a call, by its id or its name");
        var query = command.AddText("--query", "QUERY", "a search in place of a call");
        var note = AddNote(command);
        return command.Asks(
            surroundings,
            async asked =>
            {
                var (whose, said) = (("source", asked.Get(source)), asked.Get(note));
                if (asked.Get(query) is { } text)
                {
                    await PostAsync(asked, asked.Get(id), "pins", new { query = text, note = said });
                }
                else if (asked.Get(window) is { } name)
                {
                    var shown = await ShownAsync(
                        asked, "v1/window", WireJson.Default.WindowDetailAnswer, ("window", name), whose);
                    await PostAsync(asked, asked.Get(id), "pins", new { window_id = shown.WindowId, note = said });
                }
                else
                {
                    var shown = await ShownAsync(
                        asked, "v1/call", WireJson.Default.CallDetailAnswer, ("session", asked.Get(session)),
                        ("call", asked.Get(call)), whose);
                    await PostAsync(asked, asked.Get(id), "pins", new
                    {
                        source = shown.Source, session_id = shown.SessionId, tool_call_id = shown.ToolCallId,
                        note = said,
                    });
                }
            },
            parsed =>
            {
                var others = (parsed.GetValue(window) is null ? 0 : 1) + (parsed.GetValue(query) is null ? 0 : 1);
                if (others + (parsed.GetValue(call) is null ? 0 : 1) != 1
                    || (others > 0 && parsed.GetValue(session) is not null))
                {
                    throw CommandException.WrongUse("Either SESSION and CALL, or --window, or --query is expected.");
                }
            });
    }

    private static Command MakeUnpin(Surroundings surroundings)
    {
        var command = new Command("unpin", "Takes a pin away from a case; that it was there stays.");
        var id = AddCase(command);
        var pin = command.Declare(new Argument<long>("PIN") { Description = "its number, as `case show` has it" });
        var note = AddNote(command);
        return command.Asks(surroundings, asked => PostAsync(
            asked, asked.Get(id), "unpin", new { pin = asked.Get(pin), note = asked.Get(note) }));
    }

    private static Command MakeSaying(
        Surroundings surroundings, string verb, string about, string path, bool isNeeded)
    {
        var command = new Command(verb, about);
        var id = AddCase(command);
        var text = command.Declare(new Argument<string?>("TEXT")
        {
            Description = "what there is to say",
            Arity = isNeeded ? ArgumentArity.ExactlyOne : ArgumentArity.ZeroOrOne,
        });
        return command.Asks(surroundings, asked => PostAsync(
            asked, asked.Get(id), path, new { note = asked.Get(text) }));
    }

    private static Command MakeShow(Surroundings surroundings)
    {
        var command = new Command("show", "Shows a case: what each pin comes to now, the notes, and who did what.");
        var id = AddCase(command);
        return command.Asks(surroundings, asked => asked.PrintAsync(
            PathOf(asked.Get(id)), WireJson.Default.CaseAnswer, Write));
    }

    private static Command MakeList(Surroundings surroundings)
    {
        var command = new Command("list", "Lists the cases, newest first.");
        var open = command.AddFlag("--open", "only those that are not closed");
        var limit = command.AddLimit("cases");
        return command.Asks(surroundings, asked => asked.PrintListAsync(
            asked.Get(limit), "cases", "v1/cases", WireJson.Default.CaseAnswer, Shown,
            ("open", asked.Get(open) ? "true" : null)));
    }

    private static Command MakeExport(Surroundings surroundings)
    {
        var command = new Command("export", AboutExport);
        var id = AddCase(command);
        var to = command.AddText("--to", "FILE", "the zip file to write", required: true);
        return command.Asks(
            surroundings,
            async asked =>
            {
                var path = asked.Get(to)!;
                await LogPlace.WithSentencesAsync(
                    () => LogAtServer.FetchAsync(
                        asked.Node, PathOf(asked.Get(id)) + "/export", path, asked.Cancellation),
                    ExitCode.Failed);
                asked.Surroundings.Error.WriteLine(PrintableText.Of(
                    $"The case is in {path}, with report.html for people; `audit verify --bundle` verifies it."));
            },
            parsed =>
            {
                if (parsed.GetValue(to) is { } path && (path.Length == 0 || Directory.Exists(path)))
                {
                    throw CommandException.WrongUse(
                        $"--to \"{path}\" is not accepted; accepted is the path of a file.");
                }
            });
    }

    private static Argument<string> AddCase(Command command) => command.AddName("CASE", "the case, by its id");

    private static Option<string> AddNote(Command command) =>
        command.AddText("--note", "TEXT", "what there is to say of it");

    private static string PathOf(string? id) => $"v1/cases/{Uri.EscapeDataString(id!)}";

    private static async Task<T> ShownAsync<T>(
        Asked asked, string path, JsonTypeInfo<T> type, params (string Name, string? Value)[] which) =>
        (await asked.AskAsync(path, type, which)).Value;

    private static async Task PostAsync<T>(Asked asked, string? id, string what, T body)
    {
        var after = await asked.Node.PostAsync(
            $"{PathOf(id)}/{what}", body, WireJson.Default.CaseAnswer, asked.Cancellation);
        var act = after.History![^1];
        asked.Surroundings.Out.WriteLine(
            $"{act.Act}{(act.Pin is { } pin ? $", pin {pin}" : "")}, at position {act.Position}");
    }

    private static string NameOf(PinAnswer pin) => pin.ToolCallId ?? pin.WindowId ?? pin.Query ?? "";

    private static void Write(Surroundings surroundings, CaseAnswer shown)
    {
        var page = new TextPage(surroundings);
        page.Title($"case {Cells.Of(shown.Title)}: {shown.State}");
        page.Line("id", shown.Id);
        page.Line("opened by", shown.OpenedBy);
        page.Line("opened", Cells.Clock(shown.OpenedAt));
        page.Line("closed by", shown.ClosedBy);
        page.Line("closed", Cells.Clock(shown.ClosedAt));
        page.Table("pinned", Pinned, shown.Pinned ?? []);
        page.Table("what was done with it", History, shown.History ?? []);
        page.End();
    }
}
