namespace Audit.Node.Tests.Operations;

public sealed class EngineChoiceTests
{
    [Fact]
    public void the_cluster_engine_is_chosen_where_it_is_in_the_build_and_otherwise_refused_with_how_to_get_it()
    {
        if (AkkaNode.LeftOut is null)
        {
            Assert.True(Read("akka").UsesAkka);
            return;
        }

        var refusal = Assert.Throws<OptionException>(() => Read("akka"));
        Assert.Contains("--engine \"akka\" is not accepted", refusal.Message);
        Assert.Contains("`dotnet restore -p:AkkaEngine=true`", refusal.Message);
    }

    [Fact]
    public void the_local_engine_is_the_default_and_takes_no_hocon()
    {
        Assert.False(NodeOptionsReader.Read(Given([])).UsesAkka);
        Assert.False(Read("local").UsesAkka);
        var refusal = Assert.Throws<OptionException>(() => NodeOptionsReader.Read(Given([new("hocon", "my.conf")])));
        Assert.Contains("the engine is local", refusal.Message);
    }

    private static NodeOptions Read(string engine) => NodeOptionsReader.Read(Given([new("engine", engine)]));

    private static GivenOptions Given(KeyValuePair<string, string>[] options) =>
        GivenOptions.Gather(options, new Dictionary<string, string>(), AppContext.BaseDirectory);
}
