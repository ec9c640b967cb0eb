namespace Audit.Load.Workloads;

/// <summary>A session that is under way: 20 to 200 calls, one after the other.</summary>
internal sealed class LiveSession
{
    private static readonly string[] Tools =
    [
        "file.read", "file.write", "file.search", "shell.run", "sql.query", "sql.execute", "http.get", "http.post",
        "git.diff", "git.commit", "browser.open", "calendar.list", "mail.send", "memory.store",
    ];

    private readonly Random random;
    private int callsLeft;
    private CallStory story;
    private int sent;

    public LiveSession(Random random)
    {
        this.random = random;
        SessionId = RandomIds.Uuid(random);
        callsLeft = random.Next(20, 201);
        story = BeginCall();
    }

    public string SessionId { get; }

    public string CallId { get; private set; } = "";

    public string ToolName { get; private set; } = "";

    public int Turn { get; private set; }

    public string Tier => story.Tier;

    public bool HasEnded => callsLeft == 0;

    /// <summary>The input of the call, which all of its messages repeat.</summary>
    public string Path { get; private set; } = "";

    /// <returns>The kind of the message that the session sends next.</returns>
    public string NextKind()
    {
        if (sent == story.Kinds.Length)
        {
            story = BeginCall();
        }

        var kind = story.Kinds[sent++];
        callsLeft -= sent == story.Kinds.Length ? 1 : 0;
        return kind;
    }

    private CallStory BeginCall()
    {
        sent = 0;
        CallId = RandomIds.Call(random);
        ToolName = Tools[random.Next(Tools.Length)];
        Path = $"/srv/projects/{random.Next(100)}/src/module-{random.Next(1000)}.cs";
        Turn += random.Next(3) == 0 ? 1 : 0;
        return CallStory.Next(random);
    }
}
