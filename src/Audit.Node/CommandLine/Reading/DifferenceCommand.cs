namespace Audit.Node.CommandLine.Reading;

/// <summary>`audit diff session|task|policy`: what changed between two moments.</summary>
internal static class DifferenceCommand
{
    private static readonly Column<ChangeAnswer>[] Shown =
    [
        new("at", change => Cells.Clock(change.At)) { IsRigid = true },
        new("position", change => change.Position, Rank: 6) { IsRigid = true },
        new("what", change => change.What, Rank: 1) { IsRigid = true },
        new("id", change => change.What == "window" ? change.Name ?? change.Id : change.Id) { Least = 16 },
        new("name", change => change.What == "window" ? null : change.Name, Rank: 4),
        new(
            "change", change => change.Change,
            Colour: change => change.Change is "violation" or "mark" or "input" ? Ansi.Red : null) { IsRigid = true },
        new("before", change => change.Before, Rank: 3), new("after", change => change.After) { Least = 16 },
        new("session", change => change.Session, Rank: 5),
    ];

    private static readonly Column<ChangeAnswer>[] ShownOfPolicy = [.. Shown.Where(
        column => column.Title is not ("at" or "position" or "session"))];

    public static Command Make(Surroundings surroundings) =>
        new(
            "diff", "Shows what changed between two moments: what began, ended, changed its state, was marked or "
            + "refused; windows that opened and closed; inputs and rules that were changed.")
        {
            MakeSession(surroundings), MakeTask(surroundings), MakePolicy(surroundings),
        };

    private static Command MakeSession(Surroundings surroundings)
    {
        var command = new Command("session", "Shows what changed in a session.");
        var session = command.AddName("SESSION", "the session");
        var source = command.AddSource();
        var (from, until) = AddMoments(command);
        return command.Asks(surroundings, asked => PrintAsync(
            asked, "v1/session/diff", ("session", asked.Get(session)), ("source", asked.Get(source)),
            ("from", asked.Get(from)), ("until", asked.Get(until))));
    }

    private static Command MakeTask(Surroundings surroundings)
    {
        var command = new Command("task", "Shows what changed in a task: its windows, and its calls in any session.");
        var task = command.AddName("TASK", "the task");
        var (from, until) = AddMoments(command);
        return command.Asks(surroundings, asked => PrintAsync(
            asked, "v1/task/diff", ("task", asked.Get(task)), ("from", asked.Get(from)), ("until", asked.Get(until))));
    }

    private static Command MakePolicy(Surroundings surroundings)
    {
        var command = new Command("policy", "Shows which rules and settings differ between two versions.");
        var from = command.AddOptionalName(
            "FROM", "a version or 12 of its letters, a position or a time; default the version before the other");
        var until = command.AddOptionalName("UNTIL", "the same; default the newest");
        return command.Asks(surroundings, asked => PrintAsync(
            asked, "v1/policy/diff", ("from", asked.Get(from)), ("until", asked.Get(until))));
    }

    private static (Option<string> From, Option<string> Until) AddMoments(Command command) => (
        command.AddText("--from", "POSITION|TIME", "what was known then is not told again; default before all"),
        command.AddText("--until", "POSITION|TIME", "default now"));

    private static Task PrintAsync(Asked asked, string path, params (string Name, string? Value)[] which) =>
        asked.PrintAsync(path, WireJson.Default.DifferenceAnswer, Write, which);

    private static void Write(Surroundings surroundings, DifferenceAnswer found)
    {
        var page = new TextPage(surroundings);
        page.Title($"{found.About} {Cells.Of(found.Id)}");
        Line("from", found.From, "before all");
        Line("until", found.Until, "now");
        page.Line("compared", found.Behind ? "not as far as was asked: what is made for reading is behind" : null);
        page.Line("changes", found.Changes.Count == 0 ? "none" : found.Counts.OrderByDescending(one => one.Value));
        page.Table("changes", found.About == "policy" ? ShownOfPolicy : Shown, found.Changes);
        page.End(found.Cut ? $"first {found.Changes.Count} of {found.Counts.Values.Sum()}" : null);

        void Line(string name, MomentAnswer moment, string otherwise)
        {
            var place = moment.Version is { } version ? $"version {version[..12]}"
                : moment.Position is { } position ? $"position {position}" : null;
            page.Line(name, place ?? (moment.At is null ? otherwise : null));
            page.Line(place is null ? name : "", Cells.Clock(moment.At));
        }
    }
}
