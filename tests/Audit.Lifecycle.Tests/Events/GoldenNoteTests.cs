using System.Reflection;
using Audit.Lifecycle.Tests.Support;

namespace Audit.Lifecycle.Tests.Events;

public sealed class GoldenNoteTests
{
    private static readonly SessionNote Note = new(
        "ended", Say.At(1).Next(), Say.At(2), "ci-7", Say.Print("ended"), Seq: 12, MessageId: "copilot:s-1:ended",
        Derived: true, TimeInferred: true);

    [Fact]
    public void a_note_is_written_as_its_golden_file()
    {
        using var writer = Golden.Writer();

        Golden.Matches("session.noted.v2", writer.Write(new SessionName("ci", "s-1"), "t-1", "copilot", Note, """{"why": "done"}"""u8));
        using var another = Golden.Writer();
        Golden.Matches(
            "session.noted.v2+least",
            another.Write(new SessionName("ci", "s-1"), null, null, Note with { Seq = null, MessageId = null, Derived = false, TimeInferred = false }, default));
    }

    [Fact]
    public void a_golden_file_is_read_as_its_note()
    {
        Assert.Equal(Note, EventReader.ReadNote(Golden.Row("session.noted.v2")));
        Assert.Equal(
            Note with { Seq = null, MessageId = null, Derived = false, TimeInferred = false },
            EventReader.ReadNote(Golden.Row("session.noted.v2+least")));
    }

    [Fact]
    public void an_act_of_the_node_is_written_as_its_golden_file()
    {
        using var writer = Golden.Writer();

        Golden.Matches(
            "operator.acted.v2", writer.WriteOperator("token.created", "admin", Say.At(5), """{"name":"ci-7","roles":["ingest"]}"""u8));
    }

    [Fact]
    public void every_event_has_a_golden_file_and_every_golden_file_an_event()
    {
        var names = typeof(EventNames).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(field => field.FieldType == typeof(string))
            .Select(field => (string)field.GetRawConstantValue()!)
            .Concat(Enum.GetValues<WindowEventKind>().Select(EventNames.Of))
            .Select(EventNames.ManifestOf);
        var files = Directory.GetFiles(Golden.Folder)
            .Select(path => Golden.ManifestOf(Path.GetFileNameWithoutExtension(path)));

        Assert.Equal(names.Order(), files.Distinct().Order());
    }
}
