using Audit.Lifecycle.Tests.Support;

namespace Audit.Lifecycle.Tests.Windows;

/// <summary>Every verb in every state of a task window.</summary>
public sealed class WindowTableTests
{
    private static readonly MarkdownTable Specified = MarkdownTable.Parse(
        """
        | from \ verb | request   | grant    | approve  | deny   | extend   | revoke  | close  | accept  | review |
        |-------------|-----------|----------|----------|--------|----------|---------|--------|---------|--------|
        | none        | requested | approved | –        | –      | –        | –       | –      | –       | –      |
        | requested   | –         | –        | approved | denied | –        | –       | closed | –       | –      |
        | approved    | –         | –        | –        | –      | approved | revoked | closed | –       | –      |
        | denied      | –         | –        | –        | –      | –        | –       | –      | –       | –      |
        | revoked     | –         | –        | –        | –      | –        | –       | –      | revoked | –      |
        | closed      | –         | –        | –        | –      | –        | –       | –      | closed  | –      |
        """);

    public static TheoryData<string, string> Cells()
    {
        var cells = new TheoryData<string, string>();
        foreach (var state in Specified.Rows)
        {
            foreach (var verb in Specified.Columns)
            {
                cells.Add(state, verb);
            }
        }

        return cells;
    }

    [Fact]
    public void the_table_names_every_state_and_every_verb()
    {
        Assert.Equal(Enum.GetNames<WindowState>().Select(name => name.ToLowerInvariant()), Specified.Rows);
        Assert.Equal(Enum.GetNames<WindowVerb>().Select(name => name.ToLowerInvariant()), Specified.Columns);
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void a_verb_does_what_the_specification_says(string stateName, string verbName)
    {
        var story = WindowStory.In(Enum.Parse<WindowState>(stateName, ignoreCase: true));
        var before = story.Window;
        var expected = Specified[stateName, verbName];

        var decision = story.Act(WindowStory.Message(Enum.Parse<WindowVerb>(verbName, ignoreCase: true), "grace", at: 60));

        if (expected == "–")
        {
            Assert.Equal(MessageOutcome.Violation, decision.Outcome);
            Assert.Equal(before.State, story.Window.State);
            Assert.Equal(decision.Sentence, Assert.IsType<WindowEvent.Violated>(Assert.Single(decision.Events)).Violation);
            Assert.NotNull(decision.Sentence);
        }
        else
        {
            Assert.Equal(MessageOutcome.Recorded, decision.Outcome);
            Assert.Equal(expected, story.Window.State.ToString().ToLowerInvariant());
        }

        Assert.Equal(story.Window.Sequence, decision.Sequence);
        Assert.Equal(before.Sequence + decision.Events.Count, story.Window.Sequence);
    }
}
