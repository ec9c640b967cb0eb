using Audit.Lifecycle.Tests.Support;

namespace Audit.Lifecycle.Tests.Events;

public sealed class GoldenReviewTests
{
    private const string Name = "call.reviewed.v2";
    private const string WindowName = "window.reviewed.v2";

    private static readonly Review Reviewed = new(
        [new SeenVerdict(3, ViolationCause.StandingRefusal), new SeenVerdict(5, ViolationCause.None)], "maria-phone", "maria",
        Say.At(90))
    {
        MayBeOwn = true,
    };

    [Fact]
    public void a_review_is_written_as_its_golden_file()
    {
        using var writer = Golden.Writer();

        Golden.Matches(Name, writer.Write(
            new Reviewable.Call(new SessionName("ci", "s-1"), "call-1", "t-1", "copilot"), Reviewed,
            """{"reason":"the disk was full"}"""u8, redacted: null));
    }

    [Fact]
    public void a_review_of_a_window_is_written_and_read_as_its_golden_file()
    {
        using var writer = Golden.Writer();
        var review = Reviewed with { Verdicts = [new SeenVerdict(3, ViolationCause.NotAllowed)] };

        Golden.Matches(WindowName, writer.Write(
            new Reviewable.Window("w-7", WindowState.Closed), review, """{"reason":"a wrong button"}"""u8, redacted: null));

        var read = Assert.IsType<WindowEvent.Reviewed>(EventReader.ReadWindow(Golden.Opened(WindowName)));
        Assert.Equal(review.Verdicts, read.Review.Verdicts);
        Assert.Equal(
            (WindowState.Closed, WindowState.Closed, "maria-phone", "maria", "a wrong button"),
            (read.From, read.To, read.Message.Actor, read.Message.Behind, read.Message.Reason));
    }

    [Fact]
    public void the_golden_file_is_read_as_the_review()
    {
        var read = Assert.IsType<CallEvent.Reviewed>(EventReader.ReadCall(Golden.Row(Name))).Review;

        Assert.Equal(Reviewed.Verdicts, read.Verdicts);
        Assert.Equal((Reviewed.By, Reviewed.Person, Reviewed.At, true), (read.By, read.Person, read.At, read.MayBeOwn));
        var opened = EventView.Read(Golden.Opened(Name).Message);
        Assert.Equal("the disk was full", opened.Text(EventField.ReviewReason));
    }

    [Theory]
    [InlineData("\"sequences\":[3,5]", "\"sequences\":[3]")]
    [InlineData("\"lifted\"", "\"sunny\"")]
    [InlineData("\"by\":\"maria-phone\",", "")]
    public void a_review_that_says_less_than_it_must_cannot_be_read(string written, string instead)
    {
        var row = Golden.Row(Name);
        var text = System.Text.Encoding.UTF8.GetString(row.Message).Replace(written, instead);

        Assert.Throws<InvalidDataException>(
            () => EventReader.ReadCall(row with { Message = System.Text.Encoding.UTF8.GetBytes(text) }));
    }
}
