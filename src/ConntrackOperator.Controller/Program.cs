using ConntrackOperator.Controller;

return await ControllerCommand.Create().Parse(args).InvokeAsync();
